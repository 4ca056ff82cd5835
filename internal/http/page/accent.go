package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DefaultAccent is the accent colour where the operator chose none.
const DefaultAccent = "#2457c5"

// The surfaces on which the accent is seen; static/style.css uses the same.
const (
	lightSurface = "#ffffff"
	darkSurface  = "#171a21"
	darkInk      = "#0d0f14" // text on an accent in the dark scheme
)

// minContrast is the least contrast of text (WCAG 2.2, success criterion 1.4.3).
const minContrast = 4.5

// colour holds red, green and blue from 0 to 1.
type colour [3]float64

func parseColour(text string) (colour, error) {
	digits, ok := strings.CutPrefix(text, "#")
	n, err := strconv.ParseUint(digits, 16, 24)
	if !ok || len(digits) != 6 || err != nil {
		return colour{}, fmt.Errorf("%q is not a colour such as %s", text, DefaultAccent)
	}
	return colour{float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}, nil
}

func (c colour) String() string {
	at := func(i int) uint8 { return uint8(math.Round(c[i] * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", at(0), at(1), at(2))
}

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// toward mixes a share of another colour in.
func (c colour) toward(other colour, share float64) colour {
	for i := range c {
		c[i] += (other[i] - c[i]) * share
	}
	return c
}

// CheckAccent reports whether a colour can be read on white, and white on it: it is used for links
// and behind the words on buttons. The accent of the dark scheme is made from it.
func CheckAccent(text string) error {
	c, err := parseColour(text)
	if err != nil {
		return err
	}
	white, _ := parseColour(lightSurface)
	if got := contrast(c, white); got < minContrast {
		return fmt.Errorf("the accent colour %s has a contrast of %.1f:1 against white, and %.1f:1 is needed: choose a darker one", text, got, minContrast)
	}
	return nil
}

// accentRules is the part of the style sheet that follows from the accent: itself in the light
// scheme, and as light as it must be in the dark one.
func accentRules(accent string) string {
	light, _ := parseColour(accent) // was checked
	white, _ := parseColour(lightSurface)
	dark, _ := parseColour(darkSurface)
	ink, _ := parseColour(darkInk)
	bright := light
	for share := 0.0; share <= 1 && contrast(bright, dark) < 1.25*minContrast; share += 0.02 {
		bright = light.toward(white, share)
	}
	rules := func(accent, hover, on, soft colour) string {
		return fmt.Sprintf("--accent:%s;--accent-hover:%s;--on-accent:%s;--accent-soft:%s", accent, hover, on, soft)
	}
	return ":root{" + rules(light, light.toward(ink, 0.15), white, white.toward(light, 0.09)) + "}\n" +
		"@media (prefers-color-scheme:dark){:root{" + rules(bright, bright.toward(white, 0.2), ink, dark.toward(bright, 0.12)) + "}}\n"
}
