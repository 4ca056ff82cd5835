package server

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// places bounds the connections of a listener. When all places are taken, a new connection replaces the one that has
// been idle longest. When none is idle, the new connection waits, and further ones wait in the queue of the kernel.
type places struct {
	free chan struct{} // holds one element for each place that is taken
	full func()        // called when no place is free; must return quickly

	mu      sync.Mutex
	idle    list.List                  // of net.Conn, the one that has been idle longest first
	at      map[net.Conn]*list.Element // their elements
	waiting bool                       // whether a new connection waits for a place
}

func newPlaces(n int, full func()) *places {
	return &places{free: make(chan struct{}, n), full: full, at: map[net.Conn]*list.Element{}}
}

// watch follows the states of the connections; it is http.Server.ConnState.
func (p *places) watch(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	if e, ok := p.at[conn]; ok {
		p.idle.Remove(e)
		delete(p.at, conn)
	}
	if state == http.StateIdle {
		p.at[conn] = p.idle.PushBack(conn)
	}
	spare := p.spare()
	p.mu.Unlock()
	closeSpare(spare)
}

// wait makes room for one connection: now, or as soon as a connection is idle.
func (p *places) wait() {
	p.mu.Lock()
	p.waiting = true
	spare := p.spare()
	p.mu.Unlock()
	closeSpare(spare)
}

// served ends wait.
func (p *places) served() {
	p.mu.Lock()
	p.waiting = false
	p.mu.Unlock()
}

// spare returns the connection that has been idle longest when a new one waits, or nil.
func (p *places) spare() net.Conn {
	e := p.idle.Front()
	if e == nil || !p.waiting {
		return nil
	}
	p.waiting = false
	conn, _ := p.idle.Remove(e).(net.Conn)
	delete(p.at, conn)
	return conn
}

// closeSpare closes a connection outside the lock, because net/http reports its end to watch.
func closeSpare(conn net.Conn) {
	if conn != nil {
		_ = conn.Close() // its owner notices at the next read
	}
}

// listener bounds the connections of l.
func (p *places) listener(l net.Listener) net.Listener {
	return &boundedListener{Listener: l, places: p, closed: make(chan struct{})}
}

type boundedListener struct {
	net.Listener
	places *places
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.places.free <- struct{}{}:
		return &placedConn{Conn: conn, leave: l.leave()}, nil
	default:
	}
	l.places.full()
	l.places.wait()
	defer l.places.served()
	select {
	case l.places.free <- struct{}{}:
		return &placedConn{Conn: conn, leave: l.leave()}, nil
	case <-l.closed:
		_ = conn.Close() // it was never served
		return nil, net.ErrClosed
	}
}

// leave returns a function that frees one place, once.
func (l *boundedListener) leave() func() {
	return sync.OnceFunc(func() { <-l.places.free })
}

// Close implements net.Listener.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placedConn frees its place when it is closed.
type placedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *placedConn) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}

// CloseWrite lets net/http end an answer before the connection.
func (c *placedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
