/*
 * When may a write be acknowledged?
 *
 * Three Redis nodes (node 0 is master at first), three Sentinels, one daemon, one fault. The
 * daemon writes, waits for replicas as its rule says, and acknowledges or refuses. Whatever
 * happens, in whatever order: once all Sentinels agree on a master again, every acknowledged
 * write must be on it.
 *
 *   -DRULE   the rule of oauth2d's strict mode: no violation in the whole state space.
 *
 * Controls, each of which must violate the property:
 *   -DWAIT1  the usual advice, WAIT 1: spin prints how a planned failover loses a write.
 *   -DCOUNT  the rule, but with replicas counted and not named. Two Sentinels lead failovers one
 *            after the other, and a returning master is counted in the place of the replica that
 *            the second one promotes.
 *   -DNOEPOCH the rule, but a Sentinel that names another master is ignored, whatever its epoch. The
 *            successor is cut off together with the Sentinel that promoted it, and is left out.
 *   -DROLES  the rule, but the master is asked for its role alone, and not for its history. In the
 *            middle of a batch it is made a replica, copies from another master, and is made
 *            master again: its replicas confirm an offset of a history without the write.
 *
 * -DHISTORY adds what -DROLES is about: the history that a node holds, and a batch in whose middle the
 * master may change its role and change back. Only the fault back can do that; elsewhere a node that was
 * made a replica is not made a master again while a batch is under way, and the role shows it.
 *
 *   -DREACH  not a rule but a question: is there a run in which the rule acknowledged a write
 *            before and another one after a failover? If not, "no violation" would show nothing.
 *
 * THE RULE. The daemon asks the Sentinels who is master and which replicas could be promoted: a
 * majority must name the same master with no failover in progress, and a replica is left out
 * only if a majority calls it down and no Sentinel that answered vouches for it: by seeing it up,
 * or by naming it master under a later config-epoch than the others name theirs. Without such a
 * majority, or when the answer is old, it is every replica that is known. A batch of writes is
 * followed, on the same connection, by ROLE (or INFO replication), WAIT, and ROLE again. It is
 * acknowledged only if both times the node says that it is master of the history under which the
 * daemon knows it, every replica that it lists as online has confirmed the offset that it reported
 * the first time, and each replica that could be promoted is, by its address, among them.
 *
 * The model is harsher than the world in some things. There is no time: an answer of the
 * Sentinels may be used however old it is, a Sentinel may hear of a failover at once or never,
 * two Sentinels may lead failovers one after the other, the leader promotes any replica that
 * it does not call down, however far behind, and a batch may last as long as two failovers.
 * A replica that has all that its master has is taken to have confirmed any offset.
 * min-replicas-to-write is not used.
 *
 * How many writes there are does not matter to whether one of them is lost: WRITES (2) is for
 * the reader's peace and for -DREACH.
 *
 * WHAT IT LEAVES OUT
 *   - Second faults: a replica or another master lost while the first fault is not over. Nothing
 *     is promised for those. A fault hits node 0 or node 1 (node 2 is like node 1).
 *   - More than two failovers of that one fault. (One that is given up before anything was
 *     promoted changes nothing and is not modelled.)
 *   - Sentinels that crash or call a healthy node down, and commands of a Sentinel that are
 *     delayed on the wire (deciding and delivering are one step, and so is asking Sentinels).
 *   - Loss of a disk or a power cut: a node that returns has what it had (appendonly yes). A node
 *     returns as deploy/redis/bin/start-redis.sh starts it: it asks the Sentinels first.
 *   - Replicas of replicas; numbers as offsets (a data set is a set of writes, streamed in order; a
 *     resynchronisation throws away what the new master does not have).
 *   - A user that may run ROLE gets no history in its answer. There the history comes from the
 *     watcher, which asks every 100 ms; a batch ends within dial_timeout + timeout, and no node is
 *     made a replica and a master again as quickly.
 *   - Several daemons and connections: each would have a rule and a WAIT of its own.
 *   - Two refinements that shorten an outage: a stopped replica that every Sentinel calls down is
 *     left out of the online ones, and so is a former master that is provably behind.
 *   - Reads and their lease; liveness. "Refuse everything" would pass, hence -DREACH.
 *   - Operators: REPLICAOF by hand, FLUSHALL, SENTINEL RESET, old backups.
 */

#ifndef WRITES
#define WRITES 2
#endif
#define FAILOVERS 2 /* at most, of one fault */

/* ---- the world ---------------------------------------------------------------------------- */

/* behind: a planned failover, and then the fault side, which hits the promoted node.
 * back: an operator fails over, and then fails over again. */
mtype = { calm, crash, cut, sentcut, side, planned, behind, back };

#define NOBODY 3
/* Once all writes were answered and every node has all that were acknowledged, none can be lost
 * any more, and the world may stop. */
#define over (w == WRITES && (acked & ~(data[0] & data[1] & data[2])) == 0)

mtype fault = calm;  /* what is wrong just now */
mtype kind = calm;   /* what the one fault was */
byte  victim;        /* the node that it hits */
byte  commands;      /* how often the operator still says SENTINEL FAILOVER */

bool  up[3] = true;
byte  src[3];        /* whom a node replicates from; itself: it says ROLE master */
bool  link[3] = {false, true, true}; /* a replica's link is online */
byte  data[3];       /* a bit a write */
#ifdef HISTORY
byte  hist[3];       /* the history that a node holds: a new one with each promotion */
byte  histories;     /* the newest one */
#define inherit(n) hist[n] = hist[src[n]]
#define begin_history(n) histories++; hist[n] = histories
#else
#define inherit(n) skip
#define begin_history(n) skip
#endif

byte  named[3];      /* Sentinel: the master it names */
byte  epoch[3];      /*           and since which failover */
bool  down[3];       /*           it calls the victim down */
byte  leads[3];      /*           the failover it leads, 0: none */
byte  chosen[3] = NOBODY; /*           the replica it promoted, NOBODY: not yet */
byte  last;          /* the newest failover */

byte  w;             /* the write in hand */
byte  have;          /* the replicas that have acknowledged the write in hand to its master */
byte  acked;         /* the writes that were acknowledged to a caller */

#define bit(i) (1 << (i))
#define count(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))

/* Who reaches whom. cut: the victim from all nodes and Sentinels; sentcut: from the Sentinels
 * only; side: the victim and Sentinel 0 from everybody else. The daemon reaches all. */
#define apart(a, b) ((fault == cut || fault == side) && ((a) == victim || (b) == victim))
#define sees(s, n) (up[n] && !((fault == cut || fault == sentcut) && (n) == victim) && \
	!(fault == side && ((n) == victim) != ((s) == 0)))
#define talk(s, t) (!(fault == side && ((s) == 0 || (t) == 0)))

#define calls_down(s, n) (down[s] && (n) == victim)
#define follow(n, m) src[n] = m; link[n] = false

/* ---- Redis -------------------------------------------------------------------------------- */

#define connected(n) (up[n] && up[src[n]] && src[src[n]] == src[n] && src[n] != n && !apart(n, src[n]))
#define missing(n) (data[src[n]] & ~data[n])
#define lowest(set) ((set) & ~((set) - 1))

/* Node n as a replica: its link comes up and goes down, and the stream flows in order. */
inline replicate(n) {
	do
	:: d_step {
		connected(n) && !link[n] ->
			printf("node %d replicates from node %d\n", n, src[n]);
			link[n] = true;
			data[n] = data[n] & data[src[n]];
			inherit(n);
			have = have & ~bit(n) /* a new connection has acknowledged nothing */
	   }
	:: d_step { !connected(n) && link[n] -> link[n] = false }
	:: d_step {
		connected(n) && link[n] && missing(n) ->
			printf("node %d receives from node %d\n", n, src[n]);
			data[n] = data[n] | lowest(missing(n))
	   }
	od
}

active proctype Node0() provided (!over) { replicate(0) }
active proctype Node1() provided (!over) { replicate(1) }
active proctype Node2() provided (!over) { replicate(2) }

/* Names do not matter: that the first failover is led by Sentinel 1, and that it promotes node 1
 * and not node 2, loses no run that another naming would have. Where the fault sets Sentinel 0
 * apart, that one has a name of its own. */
#define may_be_first(s) (last != 0 || (s) == 1 || ((s) == 0 && (kind == side || kind == behind)))
#define may_choose(s, n) !(leads[s] == 1 && victim == 0 && (n) == 2)

/* ---- Sentinel ----------------------------------------------------------------------------- */

inline promote(s, n) {
	d_step {
		leads[s] != 0 && chosen[s] == NOBODY && n != named[s] && sees(s, n) && !calls_down(s, n) &&
		may_choose(s, n) ->
			printf("Sentinel %d promotes node %d (failover %d)\n", s, n, leads[s]);
			chosen[s] = n; follow(n, n);
			begin_history(n)
	}
}

/* The leader turns the other replicas to the promoted one. */
inline turn(s, n) {
	d_step {
		leads[s] != 0 && chosen[s] != NOBODY && n != chosen[s] && n != named[s] && sees(s, n) &&
		src[n] != chosen[s] ->
			printf("Sentinel %d turns node %d to node %d\n", s, n, chosen[s]);
			follow(n, chosen[s])
	}
}

/* A node that the Sentinel lists as a replica reports another role: it is corrected, provided that
 * the master looks sane. */
inline correct(s, n) {
	d_step {
		leads[s] == 0 && n != named[s] && sees(s, n) && !calls_down(s, n) && src[n] != named[s] &&
		sees(s, named[s]) && src[named[s]] == named[s] ->
			printf("Sentinel %d corrects node %d to follow node %d\n", s, n, named[s]);
			follow(n, named[s])
	}
}

/* A new configuration: the Sentinel forgets what it led, and judges the nodes afresh. */
inline adopt(s, m, e) {
	named[s] = m; epoch[s] = e; leads[s] = 0; chosen[s] = NOBODY; down[s] = false
}

/* The hello of Sentinel t: once it has promoted, it announces the promoted node. */
inline hello(s, t) {
	d_step {
		talk(s, t) && leads[t] > epoch[s] && chosen[t] != NOBODY ->
			printf("Sentinel %d hears that node %d is master\n", s, chosen[t]);
			adopt(s, chosen[t], leads[t])
	}
}
inline hello_settled(s, t) {
	d_step {
		talk(s, t) && epoch[t] > epoch[s] ->
			printf("Sentinel %d hears that node %d is master\n", s, named[t]);
			adopt(s, named[t], epoch[t])
	}
}

#define hurt (kind != calm && kind != planned && kind != back) /* else there is none to call down */
#define quorum(s, t) (talk(s, t) && down[t] && named[t] == named[s])

inline sentinel(s, t, u) {
	do
	:: d_step { hurt && !sees(s, victim) && !down[s] -> down[s] = true }
	:: d_step { hurt && sees(s, victim) && down[s] -> down[s] = false }

	/* Two of three call the master down: they agree on a leader. */
	:: d_step {
		leads[s] == 0 && down[s] && named[s] == victim && last < FAILOVERS &&
		(quorum(s, t) || quorum(s, u)) && may_be_first(s) ->
			last++; leads[s] = last; chosen[s] = NOBODY
	}
	/* SENTINEL FAILOVER asks nobody. */
	:: d_step {
		leads[s] == 0 && commands > 0 && may_be_first(s) && last < FAILOVERS ->
			printf("the operator asks Sentinel %d for a failover\n", s);
			commands--; last++; leads[s] = last; chosen[s] = NOBODY
	}
	:: promote(s, 0)
	:: promote(s, 1)
	:: promote(s, 2)
	:: turn(s, 0)
	:: turn(s, 1)
	:: turn(s, 2)
	:: d_step {
		leads[s] != 0 && chosen[s] != NOBODY ->
			printf("Sentinel %d has finished: node %d is master\n", s, chosen[s]);
			adopt(s, chosen[s], leads[s])
	}
	:: hello(s, t)
	:: hello(s, u)
	:: hello_settled(s, t)
	:: hello_settled(s, u)
	:: correct(s, 0)
	:: correct(s, 1)
	:: correct(s, 2)
	od
}

active proctype Sentinel0() provided (!over) { sentinel(0, 1, 2) }
active proctype Sentinel1() provided (!over) { sentinel(1, 0, 2) }
active proctype Sentinel2() provided (!over) { sentinel(2, 0, 1) }

/* ---- the fault ---------------------------------------------------------------------------- */

#define majority(m) (((named[0] == m) + (named[1] == m) + (named[2] == m)) >= 2)

/* A crashed node returns under the master that a majority of Sentinels names. */
inline return_under(m) {
	d_step {
		fault == crash && majority(m) ->
			printf("node %d returns under node %d\n", victim, m);
			up[victim] = true; follow(victim, m); fault = calm
	}
}

active proctype Fault() provided (!over) {
	atomic {
		if
#ifdef FAULT
		:: kind = FAULT
#else
		:: kind = planned
		:: kind = crash
		:: kind = cut
		:: kind = sentcut
		:: kind = side
		:: kind = behind
		:: kind = back
#endif
		fi;
		if
		:: kind == planned -> commands = 1
		:: kind == back -> commands = 2
		:: kind == behind -> commands = 1; victim = 1
		:: else ->
			if
#ifndef REPLICA
			:: victim = 0
#endif
#ifndef MASTER
			:: victim = 1
#endif
			fi;
			fault = kind;
			if
			:: fault == crash -> up[victim] = false; link[victim] = false
			:: else
			fi;
			printf("fault: %e hits node %d\n", fault, victim)
		fi
	};
	if
	:: d_step {
		kind == behind && last > 0 ->
			fault = side;
			printf("fault: %e hits node %d\n", fault, victim)
	   }
	:: kind != behind
	fi;
	if
	:: return_under(0)
	:: return_under(1)
	:: return_under(2)
	:: d_step {
		fault == cut || fault == sentcut || fault == side ->
			printf("the fault heals\n");
			fault = calm
	   }
	fi
}

/* ---- the daemon --------------------------------------------------------------------------- */

#define ALL 7
#ifdef REACH
bool before, after;  /* a write was acknowledged by the first master, and by another one */
#endif

byte target;         /* the master that the daemon writes to */
#ifdef HISTORY
byte history;        /* and the history under which it knows it */
byte need;           /* what the master had at the first ROLE, for which it reported an offset */
#define learn_history history = hist[target]
#define has_all(n) ((need & ~data[n]) == 0 || missing(n) == 0)
#define forget_need need = 0
#define forget_history history = 0
#else
#define learn_history skip
#define has_all(n) (data[n] & bit(w))
#define forget_need skip
#define forget_history skip
#endif
byte must = ALL - 1; /* the replicas that must have the write; with WAIT1 unused */
byte seen;           /* with COUNT: how many of them WAIT counted */
byte asked;          /* the Sentinels that answer just now */

/* The Sentinels in the set asked have answered. Those that lead a failover say so: their word
 * does not count. */
#define names(s, m) ((asked & bit(s)) && leads[s] == 0 && named[s] == m)
#define agreed(m) ((names(0, m) + names(1, m) + names(2, m)) >= 2)
/* A Sentinel that names another master than the victim lists the victim as a replica, up or down. */
#define calls(s) ((asked & bit(s)) && named[s] != victim && down[s])
#define sees_up(s) ((asked & bit(s)) && named[s] != victim && !down[s])
/* One that names the victim as master vouches for it by a later failover than any that names m. */
#define epoch_of(s, m) ((asked & bit(s)) && named[s] == (m) -> epoch[s] : 0)
#define later(s, m) (epoch[s] > epoch_of(0, m) && epoch[s] > epoch_of(1, m) && epoch[s] > epoch_of(2, m))
#ifdef NOEPOCH
#define succeeds(s, m) false
#else
#define succeeds(s, m) ((asked & bit(s)) && named[s] == victim && (m) != victim && later(s, m))
#endif
#define vouches(s, m) (sees_up(s) || succeeds(s, m))
#define others(m) (ALL & ~bit(m))
#define dead(m) ((calls(0) + calls(1) + calls(2)) >= 2 && !(vouches(0, m) || vouches(1, m) || vouches(2, m)))
#define promotable(m) (others(m) & ~(dead(m) -> bit(victim) : 0))

/* In the fault behind, Sentinel 0 is the only one that knows the successor. That the daemon does not
 * reach it either would be a second fault. */
#define answers(set) (kind != behind || ((set) & 1))

inline ask(set) {
	d_step {
		answers(set) -> asked = set;
		if
		:: agreed(0) -> target = 0; must = promotable(0)
		:: agreed(1) -> target = 1; must = promotable(1)
		:: agreed(2) -> target = 2; must = promotable(2)
		:: else -> must = others(target)
		fi;
		learn_history;
		printf("the daemon asks: node %d is master, replicas %d count\n", target, must);
		asked = 0
	}
}

#define is_online(n) (link[n] && src[n] == target && n != target)
#define online ((is_online(0) -> 1 : 0) + (is_online(1) -> 2 : 0) + (is_online(2) -> 4 : 0))
#define still_master (up[target] && src[target] == target)
#if defined(HISTORY) && !defined(ROLES)
#define proves (still_master && hist[target] == history)
#else
#define proves still_master
#endif

inline acknowledged_by(n) {
	d_step {
		is_online(n) && !(have & bit(n)) && has_all(n) ->
			printf("node %d confirms the offset behind write %d\n", n, w);
			have = have | bit(n)
	}
}

#define waited (count(have & online))
#ifdef WAIT1
#define enough (waited >= 1)
#define confirmed true
#else
#ifdef COUNT
#define enough (waited >= count(must))
#define confirmed (proves && count(online) <= seen)
#else
#define enough true /* WAIT spares useless questions; it decides nothing */
#define confirmed (proves && (online & ~have) == 0 && (must & ~online) == 0)
#endif
#endif

/* No property concerns a refused write: forgetting it makes the state space smaller. */
inline forget() {
	if
	:: acked & bit(w)
	:: else -> data[0] = data[0] & ~bit(w); data[1] = data[1] & ~bit(w); data[2] = data[2] & ~bit(w)
	fi
}

active proctype Daemon() {
	do
	:: w < WRITES ->
		if
		:: ask(7)
		:: ask(3)
		:: ask(5)
		:: ask(6)
		:: must = others(target)       /* the view is too old */
		:: skip                        /* it is old, but the daemon does not know */
		fi;
		if
		:: d_step {
			still_master ->
				printf("write %d goes to node %d\n", w, target);
				data[target] = data[target] | bit(w); have = 0; seen = 0
		   };
#ifdef HISTORY
		   if
		   :: d_step { proves -> need = data[target] } /* ROLE, and the offset that it reports */
		   :: goto next                /* it is no longer that master: 503 */
		   fi;
#endif
		   do
		   :: acknowledged_by(0)
		   :: acknowledged_by(1)
		   :: acknowledged_by(2)
		   :: d_step {
			enough ->
#ifdef COUNT
				seen = waited;
#endif
				skip
		      }; break
		   :: goto next                /* no answer, or not enough: 503 */
		   od;
		   if
		   :: d_step {
			confirmed ->
				printf("write %d IS ACKNOWLEDGED\n", w);
				acked = acked | bit(w)
#ifdef REACH
				; before = before || target == 0; after = after || target != 0
#endif
		      }
		   :: skip                     /* refused: 503 */
		   fi
		:: skip
		fi;
next:		atomic { have = 0; seen = 0; forget_need; forget(); w++ }
	:: else -> break
	od;
	atomic { target = 0; must = 0; forget_history }
}

/* ---- the property ------------------------------------------------------------------------- */

#define settled (named[0] == named[1] && named[1] == named[2] && leads[0] == 0 && leads[1] == 0 && \
	leads[2] == 0 && up[named[0]] && src[named[0]] == named[0])
#define lost (acked & ~data[named[0]])

active proctype Property() {
	do
#ifdef REACH
	:: d_step {
		settled && named[0] != 0 && before && after ->
			printf("all agree on node %d, and it has all\n", named[0]);
			assert(false)
	   }
#else
	:: d_step {
		settled && lost ->
			printf("all agree on node %d, and it has not all: acknowledged %d, there %d\n",
				named[0], acked, data[named[0]]);
			assert(false)
	   }
#endif
	od
}
