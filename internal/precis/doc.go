// Package precis owns the text that people type to sign in: in which form a user name and a password are
// stored and compared (RFC 8265), and which names are refused because they read like others (UTS 39).
//
// The same word has several spellings in Unicode: keyboards of one system send é as one code point, those of
// another as two. Without one form a person cannot sign in on their other device, and two people can have
// names that nobody can distinguish.
package precis
