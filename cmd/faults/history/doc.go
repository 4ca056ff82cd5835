// Package history owns what a trial of the fault harness saw: the operations on every grant, session, client and user
// with their answers, and the checker that decides whether an order exists that explains all answers.
//
// The rule is in step: the states that an operation may lead to. Porcupine searches for the order.
package history
