import { describe, expect, it } from 'vitest';
import { dayName, dayOf, daysBetween, isZone, localeFrom, moment, timeOf } from './time.ts';

const berlin = { zone: 'Europe/Berlin', locale: 'en-GB' };
const newYork = { zone: 'America/New_York', locale: 'en-US' };
const words = { today: 'Today', yesterday: 'Yesterday' };
const at = (iso: string) => Date.parse(iso);
/** A Sunday evening. */
const now = at('2026-11-22T20:30:00Z');

describe('times', () => {
	it('are those of the reader’s zone and habit', () => {
		expect(timeOf(now, berlin)).toBe('21:30');
		expect(timeOf(now, newYork)).toBe('3:30 PM');
	});

	it('use a plain space before PM, so that server and browser agree', () => {
		expect(timeOf(now, newYork)).not.toMatch(/[\u202f\u00a0]/);
	});
});

describe('days', () => {
	it('change at midnight of the reader’s zone', () => {
		expect(dayOf(at('2026-11-22T23:30:00Z'), 'Europe/Berlin')).toBe('2026-11-23');
		expect(dayOf(at('2026-11-22T23:30:00Z'), 'America/New_York')).toBe('2026-11-22');
	});

	it('are counted by the calendar, not by 24 hours', () => {
		expect(
			daysBetween(at('2026-11-21T23:59:00+01:00'), at('2026-11-22T00:01:00+01:00'), 'Europe/Berlin'),
		).toBe(1);
		// The night in which the clocks go back has 25 hours.
		expect(
			daysBetween(at('2026-10-24T12:00:00+02:00'), at('2026-10-26T12:00:00+01:00'), 'Europe/Berlin'),
		).toBe(2);
	});

	it('have names that grow longer with distance', () => {
		const names = [
			'2026-11-22T08:00:00Z',
			'2026-11-21T08:00:00Z',
			'2026-11-18T08:00:00Z',
			'2026-11-03T08:00:00Z',
			'2025-11-03T08:00:00Z',
		].map((iso) => dayName(at(iso), now, berlin, words));
		expect(names).toEqual(['Today', 'Yesterday', 'Wednesday', '3 November', '3 November 2025']);
	});

	it('ahead of this device’s clock have their date', () => {
		expect(dayName(at('2026-11-24T08:00:00Z'), now, berlin, words)).toBe('24 November');
	});

	it('are short in lists', () => {
		const names = [
			'2026-11-22T08:00:00Z',
			'2026-11-21T08:00:00Z',
			'2026-11-18T08:00:00Z',
			'2026-11-03T08:00:00Z',
		].map((iso) => moment(at(iso), now, berlin, words));
		expect(names).toEqual(['09:00', 'Yesterday', 'Wed', '3 Nov']);
	});
});

describe('what a browser says about itself', () => {
	it('is a zone only when it is one', () => {
		expect(isZone('Asia/Kolkata')).toBe(true);
		expect(isZone('Mars/Olympus')).toBe(false);
		expect(isZone('')).toBe(false);
		expect(isZone('x'.repeat(1000))).toBe(false);
	});

	it('gives a kind of English, and 24 hours to everybody else', () => {
		expect(localeFrom('en-US,en;q=0.9')).toBe('en-US');
		expect(localeFrom('en')).toBe('en-US');
		expect(localeFrom('de-DE,de;q=0.9,en;q=0.8')).toBe('en-GB');
		expect(localeFrom(null)).toBe('en-GB');
		expect(localeFrom('../../etc')).toBe('en-GB');
	});
});
