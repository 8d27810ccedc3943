/** What a browser calls itself, as a person would: `Firefox on Windows`. Empty when it says nothing useful. */
export function deviceName(userAgent: string | null): string {
	if (!userAgent) return '';
	const browser = BROWSERS.find(([, pattern]) => pattern.test(userAgent))?.[0];
	const system = SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0];
	if (browser && system) return `${browser} on ${system}`;
	return browser ?? system ?? '';
}

// In this order: most browsers claim to be several others as well.
const BROWSERS: readonly (readonly [string, RegExp])[] = [
	['Edge', /\bEdg(?:e|A|iOS)?\//],
	['Opera', /\bOPR\//],
	['Samsung Internet', /\bSamsungBrowser\//],
	['Firefox', /\b(?:Firefox|FxiOS)\//],
	['Chrome', /\b(?:Chrome|HeadlessChrome|CriOS)\//],
	['Safari', /\bVersion\/[\d.]+.*\bSafari\//],
];

const SYSTEMS: readonly (readonly [string, RegExp])[] = [
	['iPhone', /\biPhone\b/],
	['iPad', /\biPad\b/],
	['Android', /\bAndroid\b/],
	['ChromeOS', /\bCrOS\b/],
	['Windows', /\bWindows\b/],
	['macOS', /\bMac OS X\b|\bMacintosh\b/],
	['Linux', /\bLinux\b/],
];

/** Is it held in the hand? Decides between two icons. */
export function isHandheld(device: string): boolean {
	return /iPhone|iPad|Android/.test(device);
}
