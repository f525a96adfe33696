package html_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"loadline/reports"
	page "loadline/reports/html"
	"loadline/reports/rendertest"
)

// leftOut are parts of the page that have files of their own to look at: the
// scripts and styles, and the figures, which package plot has golden files of.
var leftOut = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<svg.*?</svg>|<script type="application/json">.*?</script>`)

func TestThePageIsThatOfTheGoldenFiles(t *testing.T) {
	for _, named := range rendertest.Reports() {
		t.Run(named.Name, func(t *testing.T) {
			got := rendertest.Draw(t, page.Renderer{}, named.Report)
			if again := rendertest.Draw(t, page.Renderer{}, named.Report); string(again) != string(got) {
				t.Error("drawn twice, the page differs")
			}
			rendertest.Equal(t, named.Name+".html", leftOut.ReplaceAll(got, []byte("<!-- left out -->")))
		})
	}
}

// words is the text of a page as a reader meets it, and its elements and
// attributes by name; an attribute has @ before its name.
func words(t *testing.T, doc []byte) (text string, elements map[string]int) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(doc)))
	if err != nil {
		t.Fatal(err)
	}
	elements = map[string]int{}
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.ElementNode:
			elements[n.Data]++
			for _, a := range n.Attr {
				elements["@"+a.Key]++
			}
			if n.Data == "head" || n.Data == "script" || n.Data == "style" {
				return
			}
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return strings.Join(strings.Fields(b.String()), " "), elements
}

func TestTheVerdictComesBeforeAnythingElse(t *testing.T) {
	for _, named := range rendertest.Reports() {
		text, _ := words(t, rendertest.Draw(t, page.Renderer{}, named.Report))
		want := strings.ReplaceAll(reports.Mark(named.Report.Decision.Verdict)+" "+named.Report.Decision.Sentence, "`", "")
		if !strings.HasPrefix(text, want) {
			t.Errorf("%s: the page begins with %q, want %q", named.Name, text[:min(len(text), len(want))], want)
		}
	}
}

// TestThePageNeedsNothingElse looks for whatever a browser would fetch.
func TestThePageNeedsNothingElse(t *testing.T) {
	fetches := regexp.MustCompile(`(?i)url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(|\.src\b|\.href\b`)
	for _, named := range append(rendertest.Reports(), rendertest.Named{Name: "hostile", Report: rendertest.Hostile()}) {
		doc := rendertest.Draw(t, page.Renderer{}, named.Report)
		_, elements := words(t, doc)
		for _, name := range []string{"link", "img", "iframe", "object", "embed", "base", "image", "use", "a", "form", "video", "audio",
			"@src", "@href", "@srcset", "@data", "@action", "@poster", "@background", "@ping", "@onerror", "@onclick"} {
			if elements[name] > 0 {
				t.Errorf("%s: the page has an element or attribute %s", named.Name, name)
			}
		}
		if named.Name == "hostile" {
			continue // its texts say such things, escaped
		}
		if at := fetches.FindIndex(doc); at != nil {
			t.Errorf("%s: the page fetches: …%s…", named.Name, doc[max(0, at[0]-40):min(len(doc), at[1]+40)])
		}
	}
}

func TestNoTextOfTheTargetBecomesAnElement(t *testing.T) {
	_, want := words(t, rendertest.Draw(t, page.Renderer{}, rendertest.Regressed()))
	doc := rendertest.Draw(t, page.Renderer{}, rendertest.Hostile())
	text, got := words(t, doc)
	if got["script"] != want["script"] || got["img"] != 0 {
		t.Errorf("%d scripts and %d images, want %d and none", got["script"], got["img"], want["script"])
	}
	if strings.Contains(string(doc), rendertest.Script) {
		t.Error("a text of the target stands in the page as it is")
	}
	if n := strings.Count(text, rendertest.Script); n < 20 {
		t.Errorf("the reader meets the hostile text %d times, want it everywhere", n)
	}
}

// TestAPageOfALongRunStillOpens draws 40 blocks of 12 cells with all evidence
// that a record keeps.
func TestAPageOfALongRunStillOpens(t *testing.T) {
	doc := rendertest.Draw(t, page.Renderer{}, rendertest.Large())
	t.Logf("%d bytes", len(doc))
	if len(doc) > 2<<20 {
		t.Errorf("the page has %d bytes, want at most 2 MiB", len(doc))
	}
	if n := strings.Count(string(doc), `<figure class="transfer">`); n != 12 {
		t.Errorf("%d figures of the transfer rate, want one per cell", n)
	}
}

// TestVendoredFilesAreThoseOfTheRelease pins uPlot 1.6.32 as published.
func TestVendoredFilesAreThoseOfTheRelease(t *testing.T) {
	for file, want := range map[string]string{
		"vendored/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
		"vendored/uPlot.min.css":     "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: sha256 %s, want %s", file, got, want)
		}
	}
}
