package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// pageSize is the number of items of one call.
const pageSize = 200

// page reads one page of a list.
func page[T any](ctx context.Context, c *Client, path string, query url.Values, cursor string) (adminwire.Page[T], error) {
	asked := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for name, values := range query {
		asked[name] = values
	}
	if cursor != "" {
		asked.Set("cursor", cursor)
	}
	var got adminwire.Page[T]
	_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: asked}, &got)
	return got, err
}

// all iterates over the items of a list. It stops at the first error, which comes with a zero item.
func all[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			got, err := page[T](ctx, c, path, query, cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range got.Items {
				if !yield(item, nil) {
					return
				}
			}
			if cursor = got.Next; cursor == "" {
				return
			}
		}
	}
}

// Collect returns the items of an iterator, at most limit when limit is positive.
func Collect[T any](seq iter.Seq2[T, error], limit int) ([]T, error) {
	items := []T{}
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if limit > 0 && len(items) == limit {
			break
		}
	}
	return items, nil
}
