import { expect, it } from 'vitest';
import { deviceName, isHandheld } from './device.ts';

it('names browser and system', () => {
	const names = [
		'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
		'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
		'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
		'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0',
		'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
	].map(deviceName);
	expect(names).toEqual([
		'Chrome on Linux',
		'Edge on Windows',
		'Safari on iPhone',
		'Firefox on macOS',
		'Chrome on Android',
	]);
	expect(names.map(isHandheld)).toEqual([false, false, true, false, true]);
});

it('says nothing about what it does not know', () => {
	expect(deviceName(null)).toBe('');
	expect(deviceName('curl/8.5.0')).toBe('');
});
