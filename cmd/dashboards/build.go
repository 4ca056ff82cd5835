package main

import (
	"slices"
	"strings"
)

const (
	// runbooks is the page that every alert and panel links to.
	runbooks = "https://github.com/recipe-web-app/oauth2d/blob/main/docs/runbooks.md"
	// gridWidth is the number of columns of a dashboard.
	gridWidth = 24
	// schemaVersion is that of Grafana 11; later versions read it.
	schemaVersion = 39
)

// dashboard is a page: its panels flow from left to right, in rows with a title.
type dashboard struct {
	name, title, about string
	variables          []variable
	rows               []row
}

type row struct {
	title  string
	panels []view
}

// view describes a panel. Height and width are in units of the grid; 0 is the usual size of its kind.
type view struct {
	kind          string
	title, about  string
	unit          string
	queries       []query
	alert         string // its section of the runbooks; empty for none
	steps         []step
	stacked       bool
	width, height int
	least, most   *float64
}

type query struct{ expr, legend string }

// q is a query with the legend of its series.
func q(expr, legend string) query { return query{expr, legend} }

// number shows the last value of a query, curve the course of values, chart a bar for each series, list a table.
func number(title, unit, about string, queries ...query) view {
	return view{kind: "stat", title: title, unit: unit, about: about, queries: queries, width: 4, height: 4}
}

func curve(title, unit, about string, queries ...query) view {
	return view{kind: "timeseries", title: title, unit: unit, about: about, queries: queries, width: 8, height: 8}
}

func chart(title, unit, about string, queries ...query) view {
	return view{kind: "bargauge", title: title, unit: unit, about: about, queries: queries, width: 8, height: 8}
}

func list(title, unit, about string, queries ...query) view {
	return view{kind: "table", title: title, unit: unit, about: about, queries: queries, width: 8, height: 8}
}

// seeing links a panel to the section of an alert in the runbooks.
func (v view) seeing(alert string) view {
	v.alert = alert
	return v
}

// rising colours values: green, orange from warn on, red from bad on.
func (v view) rising(warn, bad float64) view {
	v.steps = []step{{"green", nil}, {"orange", &warn}, {"red", &bad}}
	return v
}

// falling colours values: red, orange from bad on, green from good on.
func (v view) falling(bad, good float64) view {
	v.steps = []step{{"red", nil}, {"orange", &bad}, {"green", &good}}
	return v
}

// wide sets the width in columns.
func (v view) wide(columns int) view {
	v.width = columns
	return v
}

// stack draws the series of a curve on top of one another: their sum is of interest.
func (v view) stack() view {
	v.stacked = true
	return v
}

// share sets the range of a ratio.
func (v view) share() view {
	zero, one := 0.0, 1.0
	v.least, v.most = &zero, &one
	return v
}

// prometheus is the data source that the variable datasource chooses.
func prometheus() source { return source{"prometheus", "${datasource}"} }

// chosen is a variable whose values are those of a label. All of them are chosen at first.
func chosen(name, label, query string) variable {
	from := prometheus()
	return variable{
		Name: name, Label: label, Type: "query", Datasource: &from, Definition: query,
		Query:      map[string]any{"query": query, "refId": "variable-" + name},
		IncludeAll: true, AllValue: ".*", Multi: true, Refresh: 2, Sort: 1, Current: current{"All", "$__all"},
	}
}

// daemons and clients are the variables for the servers and for the clients that introspect tokens.
func daemons() variable {
	return chosen("instance", "Daemon", `label_values(oauth2d_build_info, instance)`)
}

func clients() variable {
	return chosen("client", "Client", `label_values(oauth2d_introspections_total, caller)`)
}

// model returns the dashboard as Grafana reads it.
func (d dashboard) model() model {
	datasource := variable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1, Current: current{"default", "default"}}
	m := model{
		UID: "oauth2d-" + d.name, Title: "oauth2d / " + d.title, Description: d.about, Tags: []string{"oauth2d"}, Timezone: "browser", Editable: true,
		GraphTooltip: 1, Refresh: "30s", SchemaVersion: schemaVersion, Version: 1, Time: timeRange{"now-3h", "now"},
		Annotations: annotations{[]annotation{{
			Name: "Alerts", Enable: true, IconColor: "red", Datasource: prometheus(), Step: "60s",
			Expr: `ALERTS{alertname=~"OAuth2d.*",alertstate="firing"}`, TitleForm: "{{alertname}}", TextForm: "{{severity}} {{instance}}",
		}}},
		Templating: templating{slices.Concat([]variable{datasource}, d.variables)},
		Links: []link{
			{Title: "Dashboards", Type: "dashboards", Tags: []string{"oauth2d"}, AsDropdown: true, IncludeVars: true, KeepTime: true},
			{Title: "Runbooks", Type: "link", URL: runbooks, TargetBlank: true},
		},
	}
	y, id := 0, 0
	for _, r := range d.rows {
		open := false
		id++
		m.Panels = append(m.Panels, panel{ID: id, Type: "row", Title: r.title, Collapsed: &open, GridPos: gridPos{H: 1, W: gridWidth, Y: y}})
		y++
		x, tallest := 0, 0
		for _, v := range r.panels {
			if x+v.width > gridWidth {
				x, y, tallest = 0, y+tallest, 0
			}
			id++
			m.Panels = append(m.Panels, v.panel(id, gridPos{v.height, v.width, x, y}))
			x, tallest = x+v.width, max(tallest, v.height)
		}
		y += tallest
	}
	return m
}

// panel returns a view as a panel at a place of the grid.
func (v view) panel(id int, at gridPos) panel {
	from := prometheus()
	steps := v.steps
	colour := map[string]any{"mode": "thresholds"}
	if steps == nil {
		steps = []step{{"green", nil}}
	}
	if v.kind == "timeseries" {
		colour = map[string]any{"mode": "palette-classic"}
	}
	p := panel{
		ID: id, Type: v.kind, Title: v.title, Description: v.about, GridPos: at, Datasource: &from, Options: v.options(),
		FieldConfig: &fieldConfig{
			Defaults: defaults{
				Unit: v.unit, Min: v.least, Max: v.most, Color: colour, Thresholds: thresholds{"absolute", steps}, Mappings: []any{}, Custom: v.custom(),
			},
			Overrides: []any{},
		},
	}
	for i, query := range v.queries {
		t := target{RefID: string(rune('A' + i)), Datasource: from, Expr: query.expr, LegendFormat: query.legend}
		t.Instant = v.kind == "table" || v.kind == "bargauge"
		t.Range = !t.Instant
		if v.kind == "table" {
			t.Format = "table"
		}
		t.Exemplar = t.Range && strings.Contains(query.expr, "oauth2d_http_request_duration_seconds_bucket")
		p.Targets = append(p.Targets, t)
	}
	if v.alert != "" {
		p.Links = []link{{Title: "Runbook: " + v.alert, Type: "link", URL: runbooks + "#" + strings.ToLower(v.alert), TargetBlank: true}}
	}
	return p
}

func (v view) options() any {
	last := map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch v.kind {
	case "stat":
		return map[string]any{
			"reduceOptions": last, "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
		}
	case "bargauge":
		return map[string]any{"reduceOptions": last, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color"}
	case "table":
		return map[string]any{"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "reducer": []string{"sum"}, "fields": ""}}
	}
	return map[string]any{
		"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"mean", "max", "lastNotNull"}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
}

func (v view) custom() map[string]any {
	if v.kind != "timeseries" {
		return nil
	}
	style := map[string]any{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false,
		"stacking": map[string]any{"mode": "none", "group": "A"}, "thresholdsStyle": map[string]any{"mode": "off"},
	}
	if v.stacked {
		style["stacking"], style["fillOpacity"] = map[string]any{"mode": "normal", "group": "A"}, 40
	}
	if v.steps != nil {
		style["thresholdsStyle"] = map[string]any{"mode": "line"}
	}
	return style
}
