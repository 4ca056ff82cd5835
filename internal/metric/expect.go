package metric

// The functions of this file create series with the value 0. A rate over a series that appears only with its first event
// misses that event, so an alert on a single lockout or on the first errors of a route would never fire.

// ExpectRoute creates the series of the failed answers of a route.
func (m *Metrics) ExpectRoute(route, method string) {
	m.requests.WithLabelValues(route, oneOf(method, m.known.httpMethods), class(500))
}

// ExpectLimit creates the series of a limit. locks says that the limit is a budget of guesses.
func (m *Metrics) ExpectLimit(rule string, locks bool) {
	rule = m.rules.word(rule)
	m.limitsHit.WithLabelValues(rule)
	if locks {
		m.lockouts.WithLabelValues(rule)
	}
}
