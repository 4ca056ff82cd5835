package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Verb is the operation on an object.
type Verb string

// The verbs. A thing is a grant with its numbered credentials, a session, a client or a user.
const (
	Create   Verb = "create"   // a code is issued, a session begun, a client or user registered
	Show     Verb = "show"     // credential n of a grant is shown: the code is 0, refresh tokens follow
	End      Verb = "end"      // the whole thing is revoked
	EndToken Verb = "endToken" // one access token, the one that showing n-1 gave, is revoked
	Look     Verb = "look"     // is it, or its access token n, active?
)

// Outcome classifies an answer.
type Outcome string

// The outcomes. Unknown: answered with 503, or not at all.
const (
	Done    Outcome = "done" // of look: active
	Refused Outcome = "refused"
	Unknown Outcome = "unknown"
)

// Operation is one request about one thing, and its answer. Times are nanoseconds since the load began.
type Operation struct {
	Verb         Verb
	N            int  // the number of a credential or access token
	Chain        int  // showings of one credential by one presenter at one daemon have the same
	Retry        bool // an earlier showing of the chain had an unknown outcome
	Daemon       string
	Outcome      Outcome
	Call, Return int64
}

// state is the state of an object in the model.
type state struct {
	Born, Dead bool
	Doubt      bool   // an end whose outcome is unknown may be seen by reads, and be gone again
	Live       int    // the number of the credential that is good now
	By         int    // the chain that spent the one before it
	Ended      uint64 // access tokens that were revoked by themselves, as bits
	Unsure     uint64 // the same, with an unknown outcome
}

// step returns the states that an operation with its outcome may lead to; none when it cannot be.
func step(s state, o Operation) []state {
	switch o.Verb {
	case Create:
		born := s
		born.Born = true
		return certain(s, o, born)
	case Show:
		return stepShow(s, o)
	case End:
		dead, doubt := s, s
		dead.Dead, doubt.Doubt = true, true
		return certain(s, o, dead, doubt)
	case EndToken:
		ended, unsure := s, s
		ended.Ended |= 1 << o.N
		unsure.Unsure |= 1 << o.N
		return certain(s, o, ended, unsure)
	case Look:
		return stepLook(s, o)
	}
	return nil
}

// certain is the first of the effects when the operation was acknowledged, and nothing or any of
// them when its outcome is unknown. None of these operations may be refused.
func certain(s state, o Operation, effects ...state) []state {
	switch o.Outcome {
	case Done:
		return effects[:1]
	case Unknown:
		return append([]state{s}, effects...)
	case Refused:
	}
	return nil
}

// stepShow: a number is good once. The same presenter may repeat what it has not learned, and must
// not be refused then. A number that is used up ends the grant.
func stepShow(s state, o Operation) []state {
	next, dead, doubt := s, s, s
	next.Live, next.By = o.N+1, o.Chain
	dead.Dead, doubt.Doubt = true, true
	alive, own := s.Born && !s.Dead, o.Retry && o.N == s.Live-1
	switch o.Outcome {
	case Done:
		if alive && o.N == s.Live {
			return []state{next}
		}
		if alive && own {
			return []state{s}
		}
	case Refused:
		if !alive {
			return []state{s}
		}
		if o.N < s.Live && (!own || s.By != o.Chain) {
			return []state{dead}
		}
	case Unknown:
		switch {
		case alive && o.N == s.Live:
			return []state{s, next}
		case alive && o.N < s.Live && !own:
			return []state{s, dead, doubt}
		}
		return []state{s}
	}
	return nil
}

// stepLook: active needs everything to be there, inactive needs a reason.
func stepLook(s state, o Operation) []state {
	bit := uint64(1) << o.N
	switch o.Outcome {
	case Done:
		if s.Born && !s.Dead && s.Ended&bit == 0 {
			return []state{s}
		}
	case Refused:
		if !s.Born || s.Dead || s.Doubt || (s.Ended|s.Unsure)&bit != 0 {
			return []state{s}
		}
	case Unknown:
		return []state{s}
	}
	return nil
}

// model is step as Porcupine takes it.
func model() porcupine.Model {
	plain := porcupine.NondeterministicModel{
		Init: func() []any { return []any{state{}} },
		Step: func(s, input, _ any) []any {
			var all []any
			for _, next := range step(s.(state), input.(Operation)) {
				all = append(all, next)
			}
			return all
		},
	}
	return plain.ToModel()
}

// checkLimit bounds the time of the checker for one object.
const checkLimit = 10 * time.Second

// explainable reports whether there is an order of the operations, each between its call and its
// return, in which every answer is right. What has an unknown outcome may happen at any later time.
func explainable(operations []Operation) porcupine.CheckResult {
	var history []porcupine.Operation
	for i, o := range operations {
		if o.Outcome == Unknown {
			if o.Verb == Look {
				continue // it says nothing
			}
			o.Return = math.MaxInt64
		}
		history = append(history, porcupine.Operation{ClientId: i, Input: o, Call: o.Call, Output: o.Outcome, Return: o.Return})
	}
	return porcupine.CheckOperationsTimeout(model(), history, checkLimit)
}

// judge returns what is wrong with the history of one thing; "" when nothing is wrong.
func judge(operations []Operation) string {
	switch explainable(operations) {
	case porcupine.Ok:
		return ""
	case porcupine.Unknown:
		return "the checker did not finish"
	case porcupine.Illegal:
	}
	// The first answer that cannot be explained by what came before it.
	byReturn := slices.SortedFunc(slices.Values(operations), func(a, b Operation) int { return cmp.Compare(a.Return, b.Return) })
	for i, last := range byReturn {
		so := slices.Clone(byReturn[:i+1])
		for _, later := range byReturn[i+1:] { // under way, and so perhaps seen already
			if later.Call < last.Return {
				later.Outcome = Unknown
				so = append(so, later)
			}
		}
		if explainable(so) == porcupine.Illegal {
			return describe(last)
		}
	}
	return "no order explains the answers"
}

func describe(o Operation) string {
	what := map[Verb]map[Outcome]string{
		Show: {Done: "credential %d was accepted again", Refused: "credential %d was refused without a reason"},
		Look: {Done: "%d was revoked and is active", Refused: "%d was acknowledged and is gone"},
	}[o.Verb][o.Outcome]
	if what == "" {
		what = string(o.Verb) + " %d cannot be explained"
	}
	return fmt.Sprintf(what+" (daemon %s, after %.3f s)", o.N, o.Daemon, float64(o.Return)/float64(time.Second))
}
