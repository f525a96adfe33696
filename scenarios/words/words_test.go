package words

import "testing"

func TestNearest(t *testing.T) {
	right := []string{"size", "path", "headers", "verify", "to"}
	for wrong, want := range map[string]string{
		"sise": "size", "Size": "size", "header": "headers", "vrify": "verify",
		"": "", "zzz": "", "something": "", "x": "",
	} {
		if got, ok := Nearest(wrong, right); got != want || ok != (want != "") {
			t.Errorf("nearest to %q is %q, want %q", wrong, got, want)
		}
	}
	if _, ok := Nearest("a", nil); ok {
		t.Error("a word was found in none")
	}
}
