// A program with functions of many kinds.
package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

type pair[T any] struct{ a, b T }

func (p *pair[T]) swap() { p.a, p.b = p.b, p.a }

func main() {
	p := &pair[string]{"b", "a"}
	p.swap()
	list := []string{p.a, p.b}
	slices.SortFunc(list, func(a, b string) int { return len(a) - len(b) })
	out, err := json.Marshal(list)
	fmt.Println(string(out), err)
}
