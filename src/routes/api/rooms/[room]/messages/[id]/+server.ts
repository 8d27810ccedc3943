import { isMessageId, saying } from '#lib/api/contract.ts';
import type { Sent } from '#lib/chat/rpc.ts';
import { endpoint } from '../../../../endpoint.ts';
import { problem } from '../../../../problem.ts';
import { roomOf } from '../../room.ts';

const noMessage = () => problem(404, 'unknown_message', 'There is no such message.');

export const PUT = endpoint(async (asked) => {
	const room = await roomOf(asked);
	if (room instanceof Response) return room;
	const { id = '' } = asked.event.params;
	if (!isMessageId(id)) return problem(422, 'bad_id', 'An id has 8 to 64 letters, digits, - or _.');
	return answerTo(await room.rpc.send(asked.me.id, id, asked.input.body));
}, saying);

export const DELETE = endpoint(async (asked) => {
	const room = await roomOf(asked);
	if (room instanceof Response) return room;
	const { id = '' } = asked.event.params;
	return isMessageId(id) ? answerTo(await room.rpc.remove(asked.me.id, id)) : noMessage();
});

function answerTo(sent: Sent): Response | object {
	if (sent.ok) return { message: sent.message };
	switch (sent.code) {
		case 'ended':
			return problem(403, 'ended', 'You are no longer friends: this room can only be read.');
		case 'not_yours':
			return problem(403, 'not_yours', 'Somebody else said that.');
		case 'unknown_message':
			return noMessage();
		case 'id_taken':
			return problem(409, 'id_taken', 'This id of yours names another message already.');
		case 'slow_down':
			return problem(429, 'slow_down', 'That was too fast.', {
				retryAfterSeconds: Math.ceil((sent.retryAfter ?? 1000) / 1000),
			});
		default:
			return problem(422, sent.code, 'This cannot be said as it is.');
	}
}
