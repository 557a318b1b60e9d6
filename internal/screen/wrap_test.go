package screen

import "testing"

func TestWrap(t *testing.T) {
	tests := []struct {
		name  string
		in    string
		width int
		want  string
	}{
		{"not known", "   --sbom   write a bill of materials beside each binary\n", 0, "   --sbom   write a bill of materials beside each binary\n"},
		{"fits", "   --sbom   write it\n\nend\n", 20, "   --sbom   write it\n\nend\n"},
		{
			"last column", "   --sbom   write a bill of materials beside each binary\n", 40,
			"   --sbom   write a bill of materials\n            beside each binary\n",
		},
		{
			"no room beside the first column", "   --target OS/ARCH [ --target OS/ARCH ]  for the platform OS/ARCH\n", 45,
			"   --target OS/ARCH [ --target OS/ARCH ]\n      for the platform OS/ARCH\n",
		},
		{
			"a table's row", "rr  linux/amd64  19.2 MB  sha256:0123456789abcdef  (up to date)\n", 40,
			"rr  linux/amd64  19.2 MB\n   sha256:0123456789abcdef  (up to date)\n",
		},
		{"a word without room", "  https://git.corp/team/cache.git  (local)\n", 20, "  https://git.corp/team/cache.git\n     (local)\n"},
		{"prose", "   Prints a table of what went in\n", 20, "   Prints a table of\n   what went in\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { compareText(t, "wrapped", Wrap(tt.in, tt.width), tt.want) })
	}
}
