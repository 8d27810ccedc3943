import { DurableObject } from 'cloudflare:workers';
import { kv } from './world.ts';
export { Inbox } from '../inbox-object.ts';
export class Room extends DurableObject {
	async summaryFor(member: string) {
		return kv.summaries.get(`${this.ctx.id.name} ${member}`) ?? null;
	}
	async markDelivered(member: string, seq: number) {
		kv.delivered.push(`${this.ctx.id.name} ${member} ${seq}`);
	}
}
export default { fetch: () => new Response('') };
