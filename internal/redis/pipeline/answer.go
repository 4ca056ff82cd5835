package pipeline

import (
	"errors"
	"fmt"
)

// ErrAnswer is returned for an answer of a form that the script never returns.
var ErrAnswer = errors.New("redis: a script returned an answer of an unknown form")

// Words reads the answer of a Script.List.
func Words(answer any) ([]string, error) {
	words, ok := answer.([]string)
	if !ok {
		return nil, fmt.Errorf("%w: %T", ErrAnswer, answer)
	}
	return words, nil
}

// Numbers reads the answer of a script that returns a list of n numbers.
func Numbers(answer any, n int) ([]int64, error) {
	list, ok := answer.([]any)
	if !ok || len(list) != n {
		return nil, fmt.Errorf("%w: a list of %d, %T", ErrAnswer, len(list), answer)
	}
	numbers := make([]int64, n)
	for i, one := range list {
		if numbers[i], ok = one.(int64); !ok {
			return nil, fmt.Errorf("%w: a list of %T", ErrAnswer, one)
		}
	}
	return numbers, nil
}

// Number reads the answer of a script that returns a number.
func Number(answer any) (int64, error) {
	n, ok := answer.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: %T", ErrAnswer, answer)
	}
	return n, nil
}
