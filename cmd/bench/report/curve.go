package report

import (
	"fmt"
	"slices"
	"strings"
)

// Curve is one value over time.
type Curve struct {
	Values []float64
	Step   float64 // the time between two values, in the unit of the plot
}

// At returns the value at a share of the time, from 0 to 1.
func (c Curve) At(share float64) float64 {
	return c.Values[int(share*float64(len(c.Values)-1))]
}

// Most returns the largest value.
func (c Curve) Most() float64 { return slices.Max(c.Values) }

// plotPoints bounds the size of a plot.
const plotPoints = 600

// Plot draws the curve as SVG, from 0 up. Of several values that fall on one point it draws the largest.
func (c Curve) Plot(title, unit, time string) string {
	const left, top, wide, high = 60, 46, 640.0, 240.0
	most := c.Most() * 1.1
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12" fill="#444">`+"\n", left+int(wide)+40, top+int(high)+40)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="16" y="24" font-size="14" fill="#111">%s, %s</text>`+"\n", title, unit)
	for quarter := range 5 {
		y := top + high*(1-float64(quarter)/4)
		fmt.Fprintf(&b, `<line x1="%d" y1="%.0f" x2="%.0f" y2="%.0f" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%.0f</text>`+"\n", left, y, left+wide, y, left-6, y+4, most*float64(quarter)/4)
		x := left + wide*float64(quarter)/4
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle">%.0f %s</text>`+"\n", x, top+high+18, float64(quarter)/4*c.Step*float64(len(c.Values)-1), time)
	}
	b.WriteString(`<polyline fill="none" stroke="#2457c5" points="`)
	each := max(1, (len(c.Values)+plotPoints-1)/plotPoints)
	for i := 0; i < len(c.Values); i += each {
		value := slices.Max(c.Values[i:min(i+each, len(c.Values))])
		fmt.Fprintf(&b, "%.1f,%.1f ", left+wide*float64(i)/float64(max(1, len(c.Values)-1)), top+high*(1-value/most))
	}
	b.WriteString(`"/>` + "\n</svg>\n")
	return b.String()
}
