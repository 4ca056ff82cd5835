package target

import (
	"context"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// completionTime bounds one completion: a person is waiting for it.
const completionTime = 2 * time.Second

// mostCompletions bounds the names that are read for one completion.
const mostCompletions = 500

// completeNames completes the arguments and flags of a command that name a client, user, key or session, with those that
// exist.
func (t *Target) completeNames(cmd *cobra.Command, to *choice) {
	ask := func(list func(context.Context, *adminclient.Client) iter.Seq2[string, error]) cobra.CompletionFunc {
		return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 && !strings.Contains(cmd.Use, "...") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return t.names(cmd, *to, list), cobra.ShellCompDirectiveNoFileComp
		}
	}
	clients, users := ask(clientNames), ask(userNames)
	for flag, with := range map[string]cobra.CompletionFunc{"client": clients, "user": users, "subject": users} {
		if cmd.Flags().Lookup(flag) != nil {
			command.Complete(cmd, flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return with(cmd, nil, typed)
			})
		}
	}
	name, argument, _ := strings.Cut(cmd.Use, " ")
	argument = strings.Trim(strings.TrimSuffix(argument, "...]"), "[")
	switch {
	case name == "create" || name == "import":
	case strings.HasPrefix(argument, "ID"):
		cmd.ValidArgsFunction = clients
	case argument == "NAME":
		cmd.ValidArgsFunction = users
	case argument == "KID":
		cmd.ValidArgsFunction = ask(keyNames)
	case argument == "SID":
		cmd.ValidArgsFunction = ask(sessionNames)
	}
}

// names returns the names that list yields. Errors are dropped: the command itself reports them.
func (t *Target) names(cmd *cobra.Command, to choice, list func(context.Context, *adminclient.Client) iter.Seq2[string, error]) []string {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	silent := *t.Console
	silent.Err, silent.Terminal = io.Discard, false
	settings := *t.Settings
	settings.WarnTo = io.Discard
	quiet := &Target{Console: &silent, Settings: &settings}
	var found []string
	read := func(api *adminclient.Client) {
		for name, err := range list(ctx, api) {
			if err != nil || len(found) == mostCompletions {
				return
			}
			found = append(found, name)
		}
	}
	if to.direct {
		_ = quiet.withDirect(cmd, func(_ context.Context, d *app.Direct) error {
			read(d.Client())
			return nil
		})
	} else if api, err := quiet.remote(cmd.CommandPath(), to); err == nil {
		read(api)
	}
	return found
}

// namesOf turns a listing into the words of a completion; name returns a word, a tab and its explanation.
func namesOf[T any](all iter.Seq2[T, error], name func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for one, err := range all {
			if !yield(name(one), err) {
				return
			}
		}
	}
}

func clientNames(ctx context.Context, api *adminclient.Client) iter.Seq2[string, error] {
	return namesOf(api.Clients(ctx), func(c adminwire.Client) string { return string(c.ID) + "\t" + c.Name })
}

func userNames(ctx context.Context, api *adminclient.Client) iter.Seq2[string, error] {
	return namesOf(api.Users(ctx), func(u adminwire.User) string { return u.Username + "\t" + u.DisplayName })
}

func sessionNames(ctx context.Context, api *adminclient.Client) iter.Seq2[string, error] {
	return namesOf(api.Sessions(ctx, adminwire.SessionFilter{}), func(one adminwire.Session) string { return one.Ref + "\t" + one.Username })
}

func keyNames(ctx context.Context, api *adminclient.Client) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := api.Keys(ctx)
		if err != nil {
			yield("", err)
			return
		}
		for _, key := range keys {
			if !yield(key.ID+"\t"+key.Use+", "+key.State, nil) {
				return
			}
		}
	}
}
