import { sql, type SQL } from 'drizzle-orm';

/** A time in a statement written by hand: the driver would send a Date in a form that depends on where it runs. */
export function time(date: Date): SQL {
	return sql`${date.toISOString()}::timestamptz`;
}
