package doctor

import (
	"errors"
	"testing"
)

// TestVerdict counts what failed, and no warnings.
func TestVerdict(t *testing.T) {
	ok, warning, failed := Finding{OK: true}, Finding{OK: true, Warning: true}, Finding{}
	for _, tt := range []struct {
		findings []Finding
		want     string
	}{
		{nil, ""},
		{[]Finding{ok, warning}, ""},
		{[]Finding{ok, failed, warning, failed}, "2 of 4 checks failed"},
	} {
		err := verdict(tt.findings)
		if got, ok := errors.AsType[*UnwellError](err); tt.want == "" && err != nil || tt.want != "" && (!ok || got.Error() != tt.want || got.ExitStatus() != 3) {
			t.Errorf("%v: %v, want %s", tt.findings, err, tt.want)
		}
	}
}

// TestHints has a failure that many findings share explained once.
func TestHints(t *testing.T) {
	d := &doctor{}
	for range 2 {
		d.fail("proxy", helped{errors.New("no answer"), "ask another"})
	}
	if len(d.findings) != 2 || len(d.findings[0].Hints) != 1 || len(d.findings[1].Hints) != 0 {
		t.Errorf("%+v", d.findings)
	}
}
