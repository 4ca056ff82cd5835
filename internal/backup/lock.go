package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// The values of Manifest.Encryption.
const (
	encryptedByAge = "age"
	notEncrypted   = "none"
)

// passphraseWork is the cost of trying a passphrase: 32 MiB and about 0.1 s. The next step of scrypt would take a third of
// the memory that a backup may need.
const passphraseWork = 15

// minPassphrase is the least length of a passphrase. An archive can be tried without anybody noticing.
const minPassphrase = 16

// Lock encrypts archives. The zero Lock leaves them in plain text.
type Lock struct{ recipients []age.Recipient }

// Key decrypts archives. The zero Key decrypts none.
type Key struct{ identities []age.Identity }

// LockTo returns a lock that each of some age recipients (age1…) can open.
func LockTo(recipients []string) (Lock, error) {
	var l Lock
	for _, text := range recipients {
		found, err := age.ParseRecipients(bytes.NewReader([]byte(text)))
		if err != nil {
			return Lock{}, fmt.Errorf("%.20s… is not an age recipient: use the public key (age1…) that age-keygen prints", text)
		}
		l.recipients = append(l.recipients, found...)
	}
	return l, nil
}

// LockWith returns a lock that a passphrase opens.
func LockWith(passphrase secret.Text) (Lock, error) {
	if len(passphrase.Reveal()) < minPassphrase {
		return Lock{}, fmt.Errorf("the passphrase is shorter than %d characters: an archive can be tried as often as its thief likes", minPassphrase)
	}
	r, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return Lock{}, err
	}
	r.SetWorkFactor(passphraseWork)
	return Lock{recipients: []age.Recipient{r}}, nil
}

// Encrypts reports whether archives are encrypted.
func (l Lock) Encrypts() bool { return len(l.recipients) > 0 }

func (l Lock) name() string {
	if l.Encrypts() {
		return encryptedByAge
	}
	return notEncrypted
}

// KeyFrom returns the keys of an identity file, as age-keygen writes it.
func KeyFrom(identityFile []byte) (Key, error) {
	found, err := age.ParseIdentities(bytes.NewReader(identityFile))
	if err != nil {
		return Key{}, errors.New("the identity file holds no key that can be used: give the file that age-keygen wrote (AGE-SECRET-KEY-1…)")
	}
	return Key{identities: found}, nil
}

// KeyOf returns the key of a passphrase.
func KeyOf(passphrase secret.Text) (Key, error) {
	i, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return Key{}, err
	}
	return Key{identities: []age.Identity{i}}, nil
}

// seal returns a writer whose content is encrypted into out.
func (l Lock) seal(out io.Writer) (io.WriteCloser, error) {
	if !l.Encrypts() {
		return plain{out}, nil
	}
	return age.Encrypt(out, l.recipients...)
}

// open returns a reader of the plain text of in.
func (k Key) open(in io.Reader, encryption string) (io.Reader, error) {
	if encryption == notEncrypted {
		return in, nil
	}
	if len(k.identities) == 0 {
		return nil, ErrNoKey
	}
	out, err := age.Decrypt(in, k.identities...)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return nil, ErrOtherKey
	}
	return out, err
}

// plain is a writer without encryption.
type plain struct{ io.Writer }

// Close implements io.Closer.
func (plain) Close() error { return nil }

// NewKeyPair returns a new age identity in the form of an identity file, and its recipient.
func NewKeyPair() (identity secret.Text, recipient string, err error) {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return secret.Text(i.String()), i.Recipient().String(), nil
}
