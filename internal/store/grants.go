package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Grants holds the grants: what users allowed clients to do. A grant is one record, auth:grant:<ref>.
type Grants interface {
	// Create stores a new grant with its live serial until g.Expires, and names it in its user's index, in one step.
	// g.Expires and g.End count from g.Born, and the store's own clock judges them: it is the same for every caller. It
	// returns Revoked, and stores nothing, when the user's revocation is later than g.Generation, and so has ended the
	// grant already. Afterwards the user has at most oauth.MaxGrantsOfClient live grants to the client, and the browser
	// (g.Ref.Root) at most oauth.MaxCodesOfBrowser codes of the client that wait to be redeemed: the oldest ones end
	// before Create returns. Any number of concurrent callers keep these bounds. Durable.
	Create(ctx context.Context, g oauth.Grant) error

	// CreateOnce is Create for a cause that yields only one grant. Of any number of callers with one name within
	// once.Keep, exactly one creates its grant; all others get Conflict, also when that grant is gone by
	// then. (In Cluster mode the callers of one user.) Durable.
	CreateOnce(ctx context.Context, g oauth.Grant, once Once) error

	// Advance spends the credential with serial p.Serial. Of any number of concurrent callers
	// exactly one gets Advanced. A caller that presents the same thing again inside the grace gets
	// Retried and the same successor. Every other verdict names a reason and issues nothing. Reused
	// and Ended delete the grant, and so does Foreign while the code is live; the other refusals change
	// nothing, so that the right presenter can still spend the credential. Ended means that the user's
	// revocation is later than the grant. The caller must have checked a code's verifier: an unproven
	// presenter must not be able to end a grant (OAuth 2.1 §7.5.2).
	//
	// With p.Access the record of an opaque access token is written in the same step as Advanced, copied from
	// the grant; a JWT has none. The store's own clock judges every time. Durable.
	Advance(ctx context.Context, p Presentation) (Outcome, error)

	// Get reads a grant, in one round trip; Absent when there is none, or when the user's revocation has ended it. It
	// spends no credential.
	Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error)

	// OfUser returns one page of a user's live grants: those to one client stand together, newest first. It reads at
	// most q.Limit grants, so that a page before the last may be short, or empty.
	OfUser(ctx context.Context, q GrantQuery) (GrantPage, error)

	// Kill deletes grants, and with them every credential and access token of theirs; it ignores those that do not
	// exist. Concurrent callers all succeed, whichever of them deletes a grant. A concurrent Advance comes first, and
	// what it issued is void, or comes second and gets Unknown. Durable.
	Kill(ctx context.Context, refs ...oauth.GrantRef) error
}

// Presentation is one showing of a numbered credential.
type Presentation struct {
	Grant     oauth.GrantRef
	Client    oauth.ClientID // must be the grant's; else Foreign
	Serial    uint32
	Binding   oauth.Binding // the key that the presenter proved to have; must be the grant's, where it has one
	Presenter oauth.Digest  // of everything that identifies the presenter
	Now       time.Time     // the caller's clock, for what the caller's process remembers; the store judges by its own
	Grace     time.Duration // after the spending, in which a retry gets the same; 0 allows none
	Rotate    bool          // false keeps a refresh token's serial; a code is always spent
	Keep      time.Duration // the grant's new idle life, cut at its End
	Access    *NewAccess    // the access token that is issued with it; nil when it has no record

	// What the client may have now. A grant none of whose scopes, or none of whose audiences, is
	// among them is not advanced (NoScope, NoAudience).
	Scope    oauth.Scopes
	Audience []string
}

// Outcome is the result of Advance.
type Outcome struct {
	Verdict oauth.Verdict
	// Grant is the one after the change, with the code's RedirectURI and Nonce still in
	// it. It is zero for Expired, Ended, Unknown and Foreign.
	Grant oauth.Grant
	At    time.Time // of the decision, by the store's clock; zero with a zero Grant
}

// NewAccess describes the access token whose record Advance writes beside the grant. The record is written only
// when the token is opaque, which the token's audience decides as in oauth.Resources.Format.
type NewAccess struct {
	Digest   oauth.Digest
	Life     time.Duration     // cut at the grant's End
	Scope    oauth.Scopes      // nil: the grant's
	Audience []string          // nil: the grant's
	Format   oauth.TokenFormat // for an audience without a format of its own; empty means opaque
	Formats  oauth.Resources   // those with a format, in order
	Binding  oauth.Binding
}

// Once names a cause that yields only one grant within Keep.
type Once struct {
	Name string
	Keep time.Duration
}

// GrantQuery asks for one page of a user's grants.
type GrantQuery struct {
	User   oauth.UserID
	Client oauth.ClientID // only those to it; empty means all
	After  string         // GrantPage.Next of the page before; empty for the first page
	Limit  int            // at most MaxPage
}

// MaxPage is the largest page of a list.
const MaxPage = 1000

// GrantPage is one page. Next is empty after the last one.
type GrantPage struct {
	Grants []oauth.Grant
	Next   string
}
