// Package inspection owns the printed form of a look at Redis, and looking again and again.
package inspection
