/**
 * Answers what partners ask: sessions, logins, authorisation of every operation, and the files of an account's home. Start
 * reading at {@link io.serai.route.session.PartnerSessions}; who may log in is decided in {@link
 * io.serai.route.session.LoginDecision} alone.
 *
 * <pre>
 *   opened --login accepted--> logged in --close, end by operator, account disabled--> ended
 *     |------close, login grace over-----------------------------------------------------^
 * </pre>
 */
@NullMarked
package io.serai.route.session;

import org.jspecify.annotations.NullMarked;
