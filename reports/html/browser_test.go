package html_test

import (
	"bytes"
	"context"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"loadline/reports"
	page "loadline/reports/html"
	"loadline/reports/rendertest"
)

// browser starts a Chromium of its own that speaks to nobody. It skips where
// there is none, but not in CI.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	switch {
	case path == "" && os.Getenv("CI") != "":
		t.Fatal("no chromium on this machine, and in CI the page must be looked at")
	case path == "":
		t.Skip("no chromium on this machine: the page was not looked at")
	}
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	options = append(options,
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s did not start: %v", path, err)
	}
	return ctx
}

// complaints collects what a page writes to the console and throws.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) listen(ctx context.Context) error {
	return chromedp.Listen(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			c.lines = append(c.lines, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			c.lines = append(c.lines, "console."+string(e.Type))
		case *log.EventEntryAdded:
			c.lines = append(c.lines, e.Entry.Text)
		}
	})
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines
}

// screen makes the tab that of a device of that width and scheme.
func screen(width int64, dark bool) chromedp.Action[chromedp.Void] {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	return chromedp.Steps(
		chromedp.EmulateViewport(width, 900),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
			return err
		}),
	)
}

// put writes the page and returns its address.
func put(t *testing.T, r reports.Report) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, rendertest.Draw(t, page.Renderer{}, r), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// seen is what the browser made of a page.
type seen struct {
	Heading   string
	Canvases  int // that have a size
	Figures   int // of the transfer rate, that have a size
	Static    int // drawings of those figures that show
	Overflow  int // pixels that the page is wider than the screen
	Paper     string
	Ink       string
	AxisInk   string
	Titles    string
	Clipped   []string
	Narrowest int
}

const look = `(() => {
  const shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 0;
  const figures = [...document.querySelectorAll("figure.transfer")].filter(shown);
  const root = document.documentElement;
  const plot = figures.length && figures[0].plot;
  return {
    Heading: document.querySelector("h1").innerText,
    Canvases: [...document.querySelectorAll(".live canvas")].filter(shown).length,
    Figures: figures.length,
    Static: figures.filter(f => shown(f.querySelector(".static"))).length,
    Overflow: root.scrollWidth - root.clientWidth,
    Paper: getComputedStyle(document.body).backgroundColor,
    Ink: getComputedStyle(document.body).color,
    AxisInk: plot ? String(typeof plot.axes[0].stroke === "function" ? plot.axes[0].stroke() : plot.axes[0].stroke) : "",
    Titles: document.title,
    Clipped: [...document.querySelectorAll("h1, h2, h3, p, li, #criteria td, figure")].filter(shown)
      .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".scroll"))
      .map(e => e.tagName + " " + e.innerText.slice(0, 60)),
    Narrowest: Math.min(...figures.map(f => f.querySelector("canvas") ? f.querySelector("canvas").getBoundingClientRect().width : 0), 1e6),
  };
})()`

var screens = []struct {
	name         string
	width        int64
	dark         bool
	paper, ink   string
	axis         string
	leastDrawing int
}{
	{"wide-light", 1200, false, "rgb(255, 255, 255)", "rgb(26, 29, 33)", "#1a1d21", 400},
	{"wide-dark", 1200, true, "rgb(21, 24, 28)", "rgb(231, 234, 238)", "#e7eaee", 400},
	{"narrow-light", 400, false, "rgb(255, 255, 255)", "rgb(26, 29, 33)", "#1a1d21", 300},
	{"narrow-dark", 400, true, "rgb(21, 24, 28)", "rgb(231, 234, 238)", "#e7eaee", 300},
}

func TestThePageInABrowser(t *testing.T) {
	ctx := browser(t)
	for _, named := range append(rendertest.Reports(), rendertest.Named{Name: "hostile", Report: rendertest.Hostile()}, rendertest.Named{Name: "large", Report: rendertest.Large()}) {
		address := put(t, named.Report)
		for i, s := range screens {
			if named.Name != "regressed" && i%3 != 0 {
				continue // wide and light, narrow and dark are enough
			}
			t.Run(named.Name+"-"+s.name, func(t *testing.T) {
				tab, cancel := chromedp.NewContext(ctx)
				defer cancel()
				var heard complaints
				if err := heard.listen(tab); err != nil {
					t.Fatal(err)
				}
				if err := chromedp.Do(tab, screen(s.width, s.dark), chromedp.Navigate(address)); err != nil {
					t.Fatal(err)
				}
				got, err := chromedp.Run(tab, chromedp.Evaluate[seen](look))
				if err != nil {
					t.Fatal(err)
				}
				picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				keep(t, named.Name+"-"+s.name, picture)
				if said := heard.all(); len(said) > 0 {
					t.Errorf("the page complains: %q", said)
				}
				if want := strings.ReplaceAll(named.Report.Decision.Sentence, "`", ""); !strings.HasSuffix(got.Heading, want) {
					t.Errorf("heading %q, want the sentence %q", got.Heading, want)
				}
				if got.Overflow > 0 || len(got.Clipped) > 0 {
					t.Errorf("%d pixels wider than the screen; beyond its edge: %q", got.Overflow, got.Clipped)
				}
				if got.Paper != s.paper || got.Ink != s.ink {
					t.Errorf("%s on %s, want %s on %s", got.Ink, got.Paper, s.ink, s.paper)
				}
				if got.Figures == 0 || got.Canvases != got.Figures || got.Static != 0 {
					t.Errorf("%d figures, %d of them live, %d drawings under them still show", got.Figures, got.Canvases, got.Static)
				}
				if got.AxisInk != s.axis || got.Narrowest < s.leastDrawing {
					t.Errorf("axes in %s and a drawing of %d pixels, want %s and %d or more", got.AxisInk, got.Narrowest, s.axis, s.leastDrawing)
				}
				if strings.Contains(got.Titles, "owned") && got.Titles == "owned" {
					t.Error("a text of the target was run as a script")
				}
				notBlank(t, picture)
			})
		}
	}
}

// keep stores a picture where a person may look at it.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	dirs := []string{t.TempDir()}
	if d := os.Getenv("LOADLINE_SHOTS"); d != "" {
		dirs = append(dirs, d)
	}
	for _, d := range dirs {
		if err := os.WriteFile(filepath.Join(d, name+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// notBlank counts the colours of a picture: a page that failed to draw has one.
func notBlank(t *testing.T, picture []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	colours := map[[3]uint32]int{}
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y += 3 {
		for x := bounds.Min.X; x < bounds.Max.X; x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			colours[[3]uint32{r >> 12, g >> 12, b >> 12}]++
		}
	}
	if len(colours) < 12 || bounds.Dy() < 900 {
		t.Errorf("%d colours on %v: the page is blank", len(colours), bounds)
	}
}

// TestFiguresOfClosedPartsAreDrawnWhenOpened opens a cell that nothing is
// wrong with.
func TestFiguresOfClosedPartsAreDrawnWhenOpened(t *testing.T) {
	r := rendertest.Large()
	for i := range r.Decision.Findings {
		r.Decision.Findings[i].Verdict = "PASS"
	}
	ctx := browser(t)
	drawn := chromedp.Evaluate[int](`document.querySelectorAll(".drawn .live canvas").length`)
	if err := chromedp.Do(ctx, chromedp.Navigate(put(t, r))); err != nil {
		t.Fatal(err)
	}
	if n, err := chromedp.Run(ctx, drawn); err != nil || n != 0 {
		t.Errorf("%v; %d figures drawn in closed parts", err, n)
	}
	if err := chromedp.Do(ctx, chromedp.Click("details.cell summary"), chromedp.WaitVisible(".drawn .live canvas")); err != nil {
		t.Fatal(err)
	}
	if n, err := chromedp.Run(ctx, drawn); err != nil || n != 1 {
		t.Errorf("%v; %d figures drawn after one part was opened", err, n)
	}
}

// TestWithoutScriptsTheFiguresStand turns scripts off.
func TestWithoutScriptsTheFiguresStand(t *testing.T) {
	ctx := browser(t)
	noScripts := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	if err := chromedp.Do(ctx, noScripts, chromedp.Navigate(put(t, rendertest.Regressed()))); err != nil {
		t.Fatal(err)
	}
	box, err := chromedp.Run(ctx, chromedp.Dimensions("figure.transfer .static svg"))
	if err != nil || box.Height < 150 {
		t.Errorf("%v; the static figure does not show: %+v", err, box)
	}
}
