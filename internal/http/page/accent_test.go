package page

import (
	"regexp"
	"strings"
	"testing"
)

var property = regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{6})`)

// schemes reads the colours of the style sheet as it is served, light and dark.
func schemes(t *testing.T, accent string) (light, dark map[string]colour) {
	t.Helper()
	style, err := staticFiles.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark = map[string]colour{}, map[string]colour{}
	for _, sheet := range []string{string(style), accentRules(accent)} {
		day, night, _ := strings.Cut(sheet, "@media (prefers-color-scheme")
		night, _, _ = strings.Cut(night, "}}")
		for part, scheme := range map[string]map[string]colour{day: light, night: dark} {
			for _, found := range property.FindAllStringSubmatch(part, -1) {
				scheme[found[1]], err = parseColour(found[2])
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return light, dark
}

func TestContrast(t *testing.T) {
	t.Parallel()
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"text", "surface", 7}, {"text", "ground", 7}, {"muted", "surface", 4.5}, {"muted", "ground", 4.5},
		{"accent", "surface", 4.5}, {"accent", "ground", 4}, {"accent-hover", "surface", 4.5}, {"accent", "accent-soft", 3},
		{"on-accent", "accent", 4.5}, {"on-accent", "accent-hover", 4.5}, {"danger", "surface", 4.5},
		{"danger", "danger-soft", 4.5}, {"warn", "warn-soft", 4.5}, {"control", "surface", 3},
	}
	for _, accent := range []string{DefaultAccent, "#0b6b3a", "#000000", "#b3261e", "#5b21b6", "#00008b", "#767676"} {
		t.Run(accent, func(t *testing.T) {
			light, dark := schemes(t, accent)
			for name, scheme := range map[string]map[string]colour{"light": light, "dark": dark} {
				if len(scheme) < 14 {
					t.Fatalf("only %d colours were read of the %s scheme", len(scheme), name)
				}
				for _, p := range pairs {
					if got := contrast(scheme[p.front], scheme[p.back]); got < p.least {
						t.Errorf("%s, accent %s: %s on %s is %.2f:1, less than %.1f:1", name, accent, p.front, p.back, got, p.least)
					}
				}
			}
			if light["surface"].String() != lightSurface || dark["surface"].String() != darkSurface {
				t.Error("the surfaces in accent.go and style.css differ")
			}
		})
	}
}

func TestContrastIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	white, black, grey := colour{1, 1, 1}, colour{}, colour{0x76 / 255.0, 0x76 / 255.0, 0x76 / 255.0}
	if got := contrast(black, white); got != 21 {
		t.Errorf("black on white: %v", got)
	}
	if got := contrast(white, grey); got < 4.54 || got > 4.55 {
		t.Errorf("#767676 on white: %v", got)
	}
}
