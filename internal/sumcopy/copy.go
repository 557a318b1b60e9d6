// Package sumcopy copies of a checksum database what proves certain modules, as files
// that a module proxy serves below sumdb/NAME: see go.dev/ref/mod#checksum-database
// and go.dev/design/25530-sumdb.
//
//	supported              says that the rest is there
//	lookup/MODULE@VERSION  a record of the database, and a tree that it is in
//	tile/8/…               hashes that prove it
//	trees/N                each signed tree, of N records, that a lookup has
//	latest                 the last of them
//
// A client takes the greatest tree that it has seen for the database's state, and has
// each record, and each tree that it saw before, proven in that one. So a copy has,
// for each of its trees, the tiles that prove all records that were in the copy by
// then, and all trees before it. Files are only added, and a later tree comes only
// with new records: who reads a copy while it grows, or saw it a year ago, finds all
// the proofs that he asks for. One who has seen a tree elsewhere that the copy does not
// have cannot use it. That need not be the one who made the copy: what he has seen is
// given to [Remote.Copy].
//
// Nothing is copied unproven: the database's signature, and the tiles, are checked by
// golang.org/x/mod/sumdb's own packages. Begin with [ParseSetting].
package sumcopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/disk"
)

// File is a file that a copy lacks.
type File struct {
	// Name is slash-separated, below the copy's directory.
	Name string
	Data []byte
}

// Added is what is to be added to a copy.
type Added struct {
	// Files are in the order in which they are to be written: each is of use only
	// where those before it are there.
	Files []File
	// Unknown are modules that the database does not have, sorted.
	Unknown []module.Version
}

// atOnce is how many requests are made at once, as many as the go command makes.
const atOnce = 10

// record is a module's lines of go.sum, at a place in the database.
type record struct {
	name string // of its file
	id   int64
	text []byte
	tree signedTree // the newest that is known, which it is to be in
}

// signedTree is a state of the database.
type signedTree struct {
	tlog.Tree
	note []byte
}

// Has reports whether the copy at dir has a module's record.
func Has(dir string, m module.Version) bool {
	name, err := lookupName(m)
	return err == nil && disk.Exists(filepath.Join(dir, filepath.FromSlash(name)))
}

// Copy returns the files that the copy at dir lacks to prove modules that it does not
// have yet, and those that it has. seen is the signed tree that a client knows the database by, which is to be
// able to use the copy; empty for none.
func (r *Remote) Copy(ctx context.Context, dir string, mods []module.Version, seen []byte) (*Added, error) {
	a, err := r.copy(ctx, dir, mods, seen)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, &Error{r.Name, err}
	}
	return a, nil
}

func (r *Remote) copy(ctx context.Context, dir string, mods []module.Version, seen []byte) (*Added, error) {
	records, unknown, err := r.lookups(ctx, mods)
	if err != nil {
		return nil, err
	}
	c, err := r.readCopy(dir)
	if err != nil {
		return nil, err
	}
	fresh, err := r.freshTrees(c.trees, seen, records)
	if err != nil {
		return nil, err
	}
	a := &Added{Unknown: unknown}
	now := contents{slices.Concat(c.records, records), slices.Concat(c.trees, fresh)}
	if len(now.trees) == 0 {
		return a, nil
	}
	tiles := &tiles{ctx: ctx, remote: r, dir: dir, known: map[string][]byte{}, fresh: map[string][]byte{}}
	for _, tree := range now.trees { // also of those that are there, as somebody may have removed a tile
		if err := prove(tree, tiles, now); err != nil {
			return nil, err
		}
	}
	if len(c.trees) == 0 {
		a.add("supported", nil)
	}
	for _, name := range slices.Sorted(maps.Keys(tiles.fresh)) {
		a.add(name, tiles.fresh[name])
	}
	for _, tree := range fresh {
		a.add(path.Join(treesDir, strconv.FormatInt(tree.N, 10)), tree.note)
	}
	newest := newestOf(now.trees)
	for _, rec := range records {
		data, err := tlog.FormatRecord(rec.id, rec.text)
		if err != nil {
			return nil, err
		}
		a.add(rec.name, append(data, newest.note...))
	}
	if slices.ContainsFunc(fresh, newest.same) {
		a.add(latestName, newest.note)
	}
	return a, nil
}

func (a *Added) add(name string, data []byte) { a.Files = append(a.Files, File{name, data}) }

// freshTrees are those that a copy is to have besides those it has: the one that a
// client has seen, and with new records the newest that is known.
func (d *Database) freshTrees(have []signedTree, seen []byte, records []record) (fresh []signedTree, err error) {
	add := func(tree signedTree) {
		if tree.N > 0 && !slices.ContainsFunc(slices.Concat(have, fresh), tree.same) {
			fresh = append(fresh, tree)
		}
	}
	if len(seen) > 0 {
		tree, err := d.open("the tree that the go command knows", seen)
		if err != nil {
			return nil, err
		}
		add(tree)
	}
	if len(records) == 0 {
		return fresh, nil
	}
	all := slices.Concat(have, fresh)
	for _, rec := range records {
		all = append(all, rec.tree)
	}
	newest := newestOf(all)
	add(newest)
	for _, rec := range records {
		if rec.id >= newest.N {
			return nil, &ProofError{fmt.Sprintf("%s: record %d is not in the tree of %d records", rec.name, rec.id, newest.N)}
		}
	}
	return fresh, nil
}

func (t signedTree) same(other signedTree) bool { return t.Tree == other.Tree }

func newestOf(trees []signedTree) signedTree {
	return slices.MaxFunc(trees, func(a, b signedTree) int { return cmp.Compare(a.N, b.N) })
}

const (
	treesDir   = "trees"
	latestName = "latest"
)

// latest is the tree that the database is at, empty where a proxy does not tell: no client
// asks for it. A proxy's answers to lookups may be older, and a client that has seen a later
// tree than the copy's cannot use the copy.
func (r *Remote) latest(ctx context.Context) (signedTree, error) {
	data, err := r.get(ctx, latestName, mostText)
	if errors.Is(err, fs.ErrNotExist) {
		return signedTree{}, nil
	}
	if err != nil {
		return signedTree{}, err
	}
	return r.open(latestName, data)
}

// lookups asks for the records of modules, sorted, and lists those that have none.
func (r *Remote) lookups(ctx context.Context, mods []module.Version) (records []record, unknown []module.Version, err error) {
	if len(mods) == 0 {
		return nil, nil, nil
	}
	latest, err := r.latest(ctx) // alone: where it fails, so would all others
	if err != nil {
		return nil, nil, err
	}
	mods = slices.Clone(mods)
	module.Sort(mods)
	mods = slices.Compact(mods)
	all := make([]*record, len(mods))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, m := range mods {
		g.Go(func() error {
			name, err := lookupName(m)
			if err != nil {
				return err
			}
			data, err := r.get(gctx, name, mostText)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rec, err := r.parse(name, data)
			all[i] = &rec
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	for i, rec := range all {
		if rec == nil {
			unknown = append(unknown, mods[i])
		} else {
			if rec.tree.N < latest.N {
				rec.tree = latest
			}
			records = append(records, *rec)
		}
	}
	return records, unknown, nil
}

// lookupName is where a module's record is.
func lookupName(m module.Version) (string, error) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", err
	}
	return "lookup/" + p + "@" + v, nil
}

// parse reads the answer to a lookup.
func (d *Database) parse(name string, data []byte) (record, error) {
	id, text, rest, err := tlog.ParseRecord(data)
	if err == nil && id < 0 {
		err = errors.New("malformed record data") // as the library has it
	}
	if err != nil {
		return record{}, &ProofError{fmt.Sprintf("%s: %v", name, err)}
	}
	tree, err := d.open(name, rest)
	return record{name: name, id: id, text: text, tree: tree}, err
}

// open reads a signed tree.
func (d *Database) open(name string, signed []byte) (signedTree, error) {
	n, err := note.Open(signed, note.VerifierList(d.verifier))
	if err != nil {
		return signedTree{}, &ProofError{fmt.Sprintf("%s: it is not signed by the key of %s", name, d.Name)}
	}
	tree, err := tlog.ParseTree([]byte(n.Text))
	if err != nil {
		return signedTree{}, &ProofError{fmt.Sprintf("%s: %v", name, err)}
	}
	return signedTree{tree, signed}, nil
}

// contents are what a copy has.
type contents struct {
	records []record
	trees   []signedTree
}

// readCopy reads the records and trees of the copy at dir.
func (d *Database) readCopy(dir string) (c contents, err error) {
	err = eachFile(dir, "lookup", func(name string, data []byte) error {
		rec, err := d.parse(name, data)
		c.records = append(c.records, rec)
		return err
	})
	if err != nil {
		return c, err
	}
	return c, eachFile(dir, treesDir, func(name string, data []byte) error {
		tree, err := d.open(name, data)
		c.trees = append(c.trees, tree)
		return err
	})
}

// eachFile reads the files below dir/sub, sorted. What begins with a dot is somebody's
// who is still writing.
func eachFile(dir, sub string, use func(name string, data []byte) error) error {
	err := filepath.WalkDir(filepath.Join(dir, sub), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name()[0] == '.' {
			return err
		}
		data, err := disk.ReadRegular(p, mostText)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		return use(filepath.ToSlash(rel), data)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// prove checks that records, and trees from before, are in a tree, as far as they are not
// later, and has tiles keep what proves it.
func prove(tree signedTree, tiles *tiles, c contents) error {
	r := tlog.TileHashReader(tree.Tree, tiles)
	records := slices.DeleteFunc(slices.Clone(c.records), func(rec record) bool { return rec.id >= tree.N })
	var indexes []int64
	for _, rec := range records {
		indexes = append(indexes, tlog.StoredHashIndex(0, rec.id))
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, rec := range records {
		if hashes[i] != tlog.RecordHash(rec.text) {
			return &ProofError{fmt.Sprintf("%s is not what the database signed", rec.name)}
		}
	}
	for _, old := range c.trees {
		if old.N > tree.N {
			continue
		}
		h, err := tlog.TreeHash(old.N, r)
		if err != nil {
			return err
		}
		if h != old.Hash {
			return &ProofError{fmt.Sprintf("it denies what it signed before: its tree of %d records is not the beginning of that of %d", old.N, tree.N)}
		}
	}
	return nil
}

// tiles reads tiles, of the copy as far as that has them, and remembers those that it
// lacks. They are of use for one proof: the library's interface has no context.
type tiles struct {
	ctx    context.Context
	remote *Remote
	dir    string

	mu    sync.Mutex
	known map[string][]byte // by name: those of the copy that were read, and those below
	fresh map[string][]byte // that the copy lacks, proven
}

// height is that of all tiles that the go command asks for.
const height = 8

// Height implements [tlog.TileReader].
func (*tiles) Height() int { return height }

// ReadTiles implements [tlog.TileReader].
func (t *tiles) ReadTiles(all []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(all))
	g, ctx := errgroup.WithContext(t.ctx)
	g.SetLimit(atOnce)
	for i, tile := range all {
		g.Go(func() (err error) {
			out[i], err = t.read(ctx, tile)
			return err
		})
	}
	return out, g.Wait()
}

// read reads a tile. One that is complete now may stand for one that was not: see
// sumdb.Client.
func (t *tiles) read(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	if data, ok := t.own(tile); ok {
		return data, nil
	}
	data, err := t.remote.get(ctx, tile.Path(), size(tile))
	if err == nil && int64(len(data)) != size(tile) {
		err = &ProofError{fmt.Sprintf("%s has %d bytes, and not %d", tile.Path(), len(data), size(tile))}
	}
	if whole := complete(tile); err != nil && whole != tile {
		if data, err := t.remote.get(ctx, whole.Path(), size(whole)); err == nil && int64(len(data)) == size(whole) {
			return data[:size(tile)], nil
		}
	}
	return data, err
}

// own reads a tile of the copy, or one that comes with this run.
func (t *tiles) own(tile tlog.Tile) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, have := range []tlog.Tile{tile, complete(tile)} {
		name := have.Path()
		if t.known[name] == nil {
			data, err := disk.ReadRegular(filepath.Join(t.dir, filepath.FromSlash(name)), size(have))
			if err == nil && int64(len(data)) == size(have) {
				t.known[name] = data
			}
		}
		if data := t.known[name]; data != nil {
			return data[:size(tile)], true
		}
	}
	return nil, false
}

// SaveTiles implements [tlog.TileReader].
func (t *tiles) SaveTiles(all []tlog.Tile, data [][]byte) {
	for i, tile := range all {
		if _, ok := t.own(tile); !ok {
			t.mu.Lock()
			t.known[tile.Path()], t.fresh[tile.Path()] = data[i], data[i]
			t.mu.Unlock()
		}
	}
}

func complete(t tlog.Tile) tlog.Tile {
	t.W = 1 << t.H
	return t
}

// size is a tile's, in bytes.
func size(t tlog.Tile) int64 { return int64(t.W) * tlog.HashSize }
