package brief

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	long := strings.Repeat("äöü ", 20_000)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"no such repository", "no such repository"},
		{"two  words", "two  words"},
		{"refused\nvxlite: done\r\nhint: paste this\u2028and this\x85\x00\n", "refused vxlite: done hint: paste this and this\uFFFD"},
		{strings.Repeat("x", 500), strings.Repeat("x", 500)},
		{strings.Repeat("x", 501), strings.Repeat("x", 500) + "… (501 bytes)"},
		{strings.Repeat("\n", 5000), "… (5000 bytes)"},
		{long, long[:499] + "… (140000 bytes)"},
	} {
		got := Line(tt.text)
		if got != tt.want || !utf8.ValidString(got) {
			t.Errorf("%.40q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	plain := errors.New("plain")
	if Error(plain) != plain || Error(nil) != nil {
		t.Error("an error on one line is made another")
	}
	err := Error(fmt.Errorf("a\nb: %w", plain))
	if err.Error() != "a b: plain" || !errors.Is(err, plain) {
		t.Errorf("%v", err)
	}
}

func TestList(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for most, want := range map[int]string{4: "a, b, c, d", 3: "a, b, c and 1 more", 1: "a and 3 more"} {
		if got := List(names, most); got != want {
			t.Errorf("%d: %s, want %s", most, got, want)
		}
	}
	if got := strings.Join(First(names, 2), "|"); got != "a|b|and 2 more" {
		t.Errorf("%s", got)
	}
	if got, want := List([]string{"a\nb", strings.Repeat("x", 1000)}, 5), "a b, "+strings.Repeat("x", 120)+"…"+strings.Repeat("x", 120); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if names[2] != "c" {
		t.Error("the list itself is changed")
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 2990: "2,990", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
