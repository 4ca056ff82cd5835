package main

import (
	"context"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

// completionTime is how long a completion may take: a person waits with a finger on the key.
const completionTime = 2 * time.Second

// mostCompletions bounds how many names are read for one completion.
const mostCompletions = 500

// served returns the values that this program can serve.
func served() clientmeta.Served { return clientmeta.ServedBy(app.Supported()) }

// completeWords completes the values of flags that have a fixed list.
func completeWords(root *cobra.Command) {
	lists := map[string][]string{
		"output": {"table", "json", "yaml"},
		"event":  event.Names(),
		"use":    {keyring.UseSign, keyring.UseMAC, keyring.UsePepper},
		"reset":  clientmeta.Names(),
	}
	for _, p := range clientmeta.Properties() {
		if p.Values != nil && p.Flag.Name != "" && p.Flag.On == "" {
			lists[p.Flag.Name] = p.Values(served())
		}
	}
	eachCommand(root, func(cmd *cobra.Command) {
		for flag, words := range lists {
			if cmd.Flags().Lookup(flag) != nil {
				complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
			}
		}
		if cmd.Name() == "import" {
			complete(cmd, "from", cobra.FixedCompletions(sortedKeys(readers()), cobra.ShellCompDirectiveNoFileComp))
		}
		if strings.HasSuffix(cmd.Use, "FILE") || cmd.ValidArgsFunction != nil {
			return
		}
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	})
	complete(root, "output", cobra.FixedCompletions(lists["output"], cobra.ShellCompDirectiveNoFileComp))
}

// complete registers a completion; a flag that has one already keeps it.
func complete(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, with) // the only error is that there is one already
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, below := range cmd.Commands() {
		eachCommand(below, do)
	}
}

// completeNames completes the ids and names that a command takes: those that are there.
func (s *shared) completeNames(cmd *cobra.Command, w *way) {
	ask := func(list func(context.Context, *adminclient.Client) iter.Seq2[string, error]) cobra.CompletionFunc {
		return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 && !strings.Contains(cmd.Use, "...") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return s.names(cmd, *w, list), cobra.ShellCompDirectiveNoFileComp
		}
	}
	clients, users := ask(clientNames), ask(userNames)
	for flag, with := range map[string]cobra.CompletionFunc{"client": clients, "user": users, "subject": users} {
		if cmd.Flags().Lookup(flag) != nil {
			complete(cmd, flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
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

// names asks for the names. A completion is silent about what goes wrong: the command itself reports it.
func (s *shared) names(cmd *cobra.Command, w way, list func(context.Context, *adminclient.Client) iter.Seq2[string, error]) []string {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	quiet := *s
	quiet.err, quiet.terminal = io.Discard, false
	var found []string
	read := func(api *adminclient.Client) {
		for name, err := range list(ctx, api) {
			if err != nil || len(found) == mostCompletions {
				return
			}
			found = append(found, name)
		}
	}
	if w.direct {
		_ = quiet.withDirect(cmd, func(_ context.Context, d *app.Direct) error {
			read(d.Client())
			return nil
		})
	} else if api, err := quiet.remote(cmd.CommandPath(), w); err == nil {
		read(api)
	}
	return found
}

// namesOf turns a listing into the words of a completion, with what explains them behind a tab.
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
