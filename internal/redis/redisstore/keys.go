package redisstore

import (
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// names makes every key name. In a cluster, keys that one script changes together must be in one hash slot, so there
// they have a tag: one for all clients, one for all users, and the tag of a user for the grants, their access tokens,
// the sessions and the revocation of that user. In the other modes the names have no tag.
type names struct{ clustered bool }

func namesOf(db *redisconn.DB) names { return names{clustered: db.Mode() == redisconn.Cluster} }

// tag puts the shared part of a key before an id, and in a cluster in braces.
func (n names) tag(shared, id string) string {
	if n.clustered {
		return "{" + shared + "}" + id
	}
	return id
}

func (n names) grant(ref oauth.GrantRef) string { return "auth:grant:" + n.owned(string(ref)) }

// owned is a reference that begins with the tag of its user.
func (n names) owned(ref string) string {
	if !n.clustered {
		return safe(ref)
	}
	at := min(oauth.UserTagLength, len(ref))
	return "{" + safe(ref[:at]) + "}" + safe(ref[at:])
}

// interaction is the mark that an interaction has led to its one grant. It is in the slot of that grant's user.
func (n names) interaction(user oauth.UserTag, name string) string {
	return "auth:interaction:" + n.tag(safe(string(user)), safe(name))
}

// accessToken is in the slot of the token's grant, so that the script that advances a grant can write it. A token
// without a user has no grant.
func (n names) accessToken(digest oauth.Digest, grant oauth.GrantRef) string {
	if n.clustered && grant != "" {
		return "auth:access_token:{" + safe(string(grant.User())) + "}" + digest.Key()
	}
	return "auth:access_token:" + digest.Key()
}

// userGrants is the index of a user's grants; tag is the user's.
func (n names) userGrants(tag oauth.UserTag, user oauth.UserID) string {
	return "auth:user_grants:" + n.tag(safe(string(tag)), safe(string(user)))
}

// codes names the codes of one browser and client that may wait to be redeemed.
func (n names) codes(ref oauth.GrantRef, client store.ClientTag) string {
	return "auth:codes:" + n.owned(string(ref.User())+string(ref.Root())+string(client))
}

func (n names) revokedUser(tag oauth.UserTag) string {
	return "auth:revoked:user:" + n.owned(string(tag))
}

func (names) revokedToken(digest oauth.Digest) string { return "auth:revoked:token:" + digest.Key() }

func (names) revokedClient(tag store.ClientTag) string {
	return "auth:revoked:client:" + safe(string(tag))
}

func (n names) client(id oauth.ClientID) string {
	return "auth:client:" + n.tag("clients", safe(string(id)))
}

func (n names) clients() string { return "auth:" + n.whole("clients") }

func (n names) clientsVersion() string { return "auth:" + n.whole("clients") + ":version" }

func (names) epoch() string { return "auth:epoch" }

func (n names) user(id oauth.UserID) string { return "auth:user:" + n.tag("users", safe(string(id))) }

// credentials is in the slot of the user: both change in one step.
func (n names) credentials(user oauth.UserID) string {
	return "auth:credentials:" + n.tag("users", safe(string(user)))
}

func (n names) users() string { return "auth:" + n.whole("users") }

// username contains a digest, because a person typed the name.
func (n names) username(name string) string {
	return "auth:username:" + n.tag("users", oauth.DigestOf("username "+oauth.FoldName(name)).Key())
}

func (n names) session(ref oauth.SessionRef) string { return "auth:session:" + n.owned(string(ref)) }

// sessions names the list of the sessions of all users. It is never changed together with one of the sessions.
func (names) sessions() string { return "auth:sessions" }

func (names) userSessions(user oauth.UserID) string {
	return "auth:user_sessions:" + safe(string(user))
}

func (names) consent(user oauth.UserID) string { return "auth:consent:" + safe(string(user)) }

func (names) lease(task string) string { return "auth:lease:" + safe(task) }

// whole is a key that consists of its tag.
func (n names) whole(word string) string {
	if n.clustered {
		return "{" + word + "}"
	}
	return word
}

// maxPlain is the greatest length of an id that is part of a key without being hashed.
const maxPlain = 64

// safe returns an id as a part of a key name. This server makes ids, or checks them at registration; but ids that a
// caller claims come here as well, so an id with any character other than letters, digits, - and _ is replaced by a
// digest. The ~ keeps the two forms apart.
func safe(id string) string {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	if id == "" || len(id) > maxPlain || strings.ContainsFunc(id, odd) {
		return "~" + oauth.DigestOf("odd id "+id).Key()
	}
	return id
}
