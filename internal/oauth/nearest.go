package oauth

import "strings"

// Nearest returns the known name that an unknown one was most likely meant to be; "" when none is
// near enough to be worth a guess. Capital letters make no difference.
func Nearest(name string, known []string) string {
	best, found := max(2, len(name)/3)+1, ""
	name = strings.ToLower(name)
	for _, candidate := range known {
		if longer := len(name) - len(candidate); longer >= best || -longer >= best {
			continue // the distance is at least the difference of the lengths
		}
		if d := distance(name, strings.ToLower(candidate)); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// distance is the Damerau-Levenshtein distance (optimal string alignment) in bytes: a swap of two
// neighbours, the commonest slip, counts once.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
