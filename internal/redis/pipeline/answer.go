package pipeline

import (
	"errors"
	"fmt"
)

// ErrAnswer is returned for an answer of a form that the script never returns.
var ErrAnswer = errors.New("redis: a script returned an answer of an unknown form")

// Words reads the answer of a script that returns a list of strings.
func Words(answer any) ([]string, error) { return listOf[string](answer) }

// Numbers reads the answer of a script that returns a list of n numbers.
func Numbers(answer any, n int) ([]int64, error) {
	numbers, err := listOf[int64](answer)
	if err == nil && len(numbers) != n {
		err = fmt.Errorf("%w: a list of %d", ErrAnswer, len(numbers))
	}
	return numbers, err
}

// Number reads the answer of a script that returns a number.
func Number(answer any) (int64, error) {
	n, ok := answer.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: %T", ErrAnswer, answer)
	}
	return n, nil
}

func listOf[T any](answer any) ([]T, error) {
	list, ok := answer.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %T", ErrAnswer, answer)
	}
	values := make([]T, len(list))
	for i, one := range list {
		if values[i], ok = one.(T); !ok {
			return nil, fmt.Errorf("%w: a list of %T", ErrAnswer, one)
		}
	}
	return values, nil
}
