package screen

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "git.corp/größe/日本 – ok", "git.corp/größe/日本 – ok"},
		{"lines and tabs", "# pkg\n\tx.go:1:2: no\n", "# pkg\n\tx.go:1:2: no\n"},
		{"colour", "\x1b[1;31mred\x1b[0m", "red"},
		{"cursor", "a\x1b[2A\x1b[Kb\x1b[?25lc", "abc"},
		{"title ended by BEL", "a\x1b]0;x\x07b", "ab"},
		{"title ended by ST", "a\x1b]0;x\x1b\\b", "ab"},
		{"link", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"},
		{"title without end", "a\x1b]0;x\nb", "a0;x\nb"},
		{"device control string", "a\x1bP$q\"p\x1b\\b", "ab"},
		{"reset and character set", "\x1bca\x1b(0b", "ab"},
		{"lone escape", "a\x1b", "a"},
		{"sequence within a sequence", "a\x1b\x1b[m[31mb", "a[31mb"},
		{"C1 CSI", "a\u009b31mb", "ab"},
		{"C1 OSC", "a\u009d0;x\u009cb", "ab"},
		{"other C1", "a\u0085b\u008dc", "abc"},
		{"C1 as a bare byte", "a\x9b31mb", "a\uFFFD31mb"},
		{"BEL, BS, DEL, NUL", "a\a\b\x7f\x00b", "ab"},
		{"line feeds of Windows", "a\r\nb\r\n", "a\nb\n"},
		{"redrawn line", "10%\r20%\r\n", "10%\n20%\n"},
		{"bidi overrides and isolates", "a\u202eb\u202cc\u2066d\u2069e\u200ff", "abcdef"},
		{"invisible", "a\u200bb\ufeffc\u00add\U000e0041e", "abcde"},
		{"Unicode line separators", "a\u2028b\u2029c", "abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := printable(tt.in)
			if got != tt.want {
				t.Errorf("printable(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if again := printable(got); again != got {
				t.Errorf("not stable: %q becomes %q", got, again)
			}
		})
	}
}

func TestOneLine(t *testing.T) {
	if got, want := oneLine("a\nb\tc\r\nd\re\x1b[m"), "a b c d e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzPrintable wants nothing left that a terminal obeys, and what is printable
// left as it is.
func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b]0;x\x07b\u202e\x9b\r")
	f.Add("\x1b\x1b[2J[2J\u009b31m")
	f.Add("\x1b]8;;https://h\x1b\\text\xff\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		for _, r := range got {
			if unprintable(r) {
				t.Fatalf("%q left of %q", r, s)
			}
		}
		if again := printable(got); again != got {
			t.Fatalf("%q, and a second time %q", got, again)
		}
		if line := oneLine(s); strings.ContainsAny(line, "\n\t") {
			t.Fatalf("%q is not one line", line)
		}
		if utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable) && got != s {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
