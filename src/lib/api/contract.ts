import * as v from 'valibot';
import { PAGE_MAX } from '#lib/chat/limits.ts';
import { marks, message, messageId, sendableBody } from '#lib/chat/message.ts';

/**
 * The JSON API under `/api/`: what each operation takes and answers. The endpoints parse with these schemas, and the OpenAPI
 * document that is served is made from them (openapi.ts).
 */

/** The most bytes a request's body may have. */
export const BODY_MAX_BYTES = 64 * 1024;

const time = v.pipe(v.string(), v.isoTimestamp());
const room = v.string();

const person = v.object({
	id: v.string(),
	username: v.string(),
	name: v.string(),
	about: v.string(),
	/** The version of their profile photo, at `/avatars/<id>/<version>`. */
	avatar: v.nullable(v.string()),
});
const me = v.object({ ...person.entries, email: v.string(), phone: v.nullable(v.string()) });
const tokens = v.object({
	access: v.string(),
	accessExpires: time,
	refresh: v.string(),
	refreshExpires: time,
	session: v.string(),
});

/** RFC 9457. `code` is stable and for programs; `detail` is a sentence for people. */
export const problem = v.object({
	type: v.literal('about:blank'),
	title: v.string(),
	status: v.number(),
	code: v.string(),
	detail: v.string(),
	/** What is wrong with which fields: codes. */
	fields: v.optional(v.record(v.string(), v.string())),
	retryAfterSeconds: v.optional(v.number()),
	/** Names the line in our log, when it was our fault. */
	id: v.optional(v.string()),
});

const device = v.optional(v.pipe(v.string(), v.maxLength(120)));

export const registration = v.object({
	username: v.string(),
	email: v.string(),
	password: v.string(),
	phone: v.optional(v.string()),
	about: v.optional(v.string()),
	device,
});
export const credentials = v.object({ login: v.string(), password: v.string(), device });
export const refreshing = v.object({ refresh: v.string() });
export const profile = v.object({
	name: v.optional(v.string()),
	about: v.optional(v.string()),
	phone: v.optional(v.string()),
});
export const saying = v.object({ body: sendableBody });

const number = (min: number, max = Number.MAX_SAFE_INTEGER) =>
	v.pipe(
		v.string(),
		v.regex(/^\d{1,16}$/),
		v.transform(Number),
		v.safeInteger(),
		v.minValue(min),
		v.maxValue(max),
	);

/** What of a room's log is asked for. `revision` asks as the `hello` frame does: for all that is later. */
export const logQuery = v.object({
	before: v.optional(number(1)),
	after: v.optional(number(0)),
	limit: v.optional(number(1, PAGE_MAX)),
	revision: v.optional(number(0)),
});

const log = v.object({
	messages: v.array(message),
	/** Earlier messages that changed since `revision`; only when that was asked for. */
	changed: v.optional(v.array(message)),
	/** The answer is the newest page, and replaces what the client had. */
	reset: v.optional(v.boolean()),
	marks: v.array(marks),
	more: v.boolean(),
	last: v.number(),
	revision: v.number(),
});

const found = v.object({
	...person.entries,
	relation: v.picklist(['none', 'invited', 'has_invited_you', 'friend']),
	room,
});
const invitation = v.object({ person, room, at: time });

export interface Operation {
	method: 'get' | 'put' | 'post' | 'patch' | 'delete';
	path: string;
	summary: string;
	/** May be called by anybody; everything else needs `Authorization: Bearer <access token>`. */
	open?: true;
	query?: Record<string, string>;
	takes?: v.GenericSchema;
	/** By status; null for an answer without a body. */
	answers: Record<number, v.GenericSchema | null>;
	/** Statuses of the problems it may answer with, beside 400, 401, 413, 500 and 503. */
	problems?: number[];
}

export const OPERATIONS: readonly Operation[] = [
	{
		method: 'post',
		path: '/api/register',
		summary: 'Create an account and open a session',
		open: true,
		takes: registration,
		answers: { 201: v.object({ person: me, tokens }) },
		problems: [422, 429],
	},
	{
		method: 'post',
		path: '/api/login',
		summary: 'Open a session with a username or email address and a password',
		open: true,
		takes: credentials,
		answers: { 200: v.object({ person: me, tokens }) },
		problems: [429],
	},
	{
		method: 'post',
		path: '/api/refresh',
		summary: 'Change a refresh token for new tokens',
		open: true,
		takes: refreshing,
		answers: { 200: v.object({ tokens: v.partial(tokens, ['refresh', 'refreshExpires']) }) },
	},
	{
		method: 'post',
		path: '/api/logout',
		summary: 'End the session',
		answers: { 204: null },
	},
	{ method: 'get', path: '/api/me', summary: 'Oneself', answers: { 200: me } },
	{
		method: 'patch',
		path: '/api/me',
		summary: 'Change the name, line or phone number; what is left out stays',
		takes: profile,
		answers: { 200: me },
		problems: [422],
	},
	{
		method: 'get',
		path: '/api/people',
		summary: 'Search people by username or name, at most 20',
		query: { q: 'what to look for' },
		answers: { 200: v.object({ people: v.array(found) }) },
	},
	{
		method: 'get',
		path: '/api/invitations',
		summary: 'Invitations that wait for an answer',
		answers: {
			200: v.object({
				received: v.array(v.object({ ...invitation.entries, unseen: v.boolean() })),
				sent: v.array(invitation),
			}),
		},
	},
	{
		method: 'post',
		path: '/api/invitations/seen',
		summary: 'The invitations received so far have been seen',
		answers: { 204: null },
	},
	{
		method: 'put',
		path: '/api/invitations/{person}',
		summary: 'Invite somebody, or accept when they have invited me',
		answers: { 200: v.object({ outcome: v.picklist(['invited', 'accepted']), room }) },
		problems: [404, 409, 422, 429],
	},
	{
		method: 'delete',
		path: '/api/invitations/{person}',
		summary: 'Take my invitation back',
		answers: { 204: null },
		problems: [404],
	},
	{
		method: 'post',
		path: '/api/invitations/{person}/accept',
		summary: 'Say yes to somebody who has invited me',
		answers: { 200: v.object({ room }) },
		problems: [404],
	},
	{
		method: 'post',
		path: '/api/invitations/{person}/refuse',
		summary: 'Say no, which they are not told',
		answers: { 204: null },
		problems: [404],
	},
	{
		method: 'get',
		path: '/api/friends',
		summary: 'Friends, and former friends, whose rooms can still be read',
		answers: {
			200: v.object({
				friends: v.array(v.object({ person, room, since: time, endedAt: v.nullable(time) })),
			}),
		},
	},
	{
		method: 'delete',
		path: '/api/friends/{room}',
		summary: 'End a friendship',
		answers: { 204: null },
		problems: [404],
	},
	{
		method: 'get',
		path: '/api/rooms/{room}/messages',
		summary: 'A part of the log: the newest page, or what is before, after, or new since a revision',
		query: {
			before: 'the messages just before this number',
			after: 'the messages just after this number',
			limit: `at most so many, ${PAGE_MAX} at the most`,
			revision: 'with `after`: all that is later, changes included, in bounded pages',
		},
		answers: { 200: log },
		problems: [404],
	},
	{
		method: 'put',
		path: '/api/rooms/{room}/messages/{id}',
		summary: 'Say something, under an id made by the client: doing it again does it once',
		takes: saying,
		answers: { 200: v.object({ message }) },
		problems: [403, 404, 409, 422, 429],
	},
	{
		method: 'delete',
		path: '/api/rooms/{room}/messages/{id}',
		summary: 'Delete a message of mine for everyone',
		answers: { 200: v.object({ message }) },
		problems: [403, 404, 429],
	},
];

/** A path parameter that names a message. */
export const isMessageId = (text: string): boolean => v.is(messageId, text);
