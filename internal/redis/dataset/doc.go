// Package dataset owns the identity of the data that this daemon works on: the marker that every pipeline asks for, so
// that no answer of an emptied or replaced server is ever believed (I11). In a cluster each master has a marker of its
// own, because each may lose its data alone.
package dataset
