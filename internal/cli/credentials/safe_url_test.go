package credentials

import "testing"

func TestF_S18_URLsThatSecretsMayBeSentTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://auth.example.com/authorize?x=1": true, "http://127.0.0.1:8080/authorize": true, "http://[::1]:8080/": true, "http://localhost/": true,
		"file:///etc/passwd": false, "ms-calculator:x": false, "javascript:alert(1)": false, "-flag": false, "http://localhost.evil.example/": false, "": false,
	} {
		if _, err := safeURL(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
