/** Every limit of the conversation, in one place. Sizes are in characters (code points) or bytes, times in milliseconds. */

export const TEXT_MAX = 4_000;
export const FRAME_MAX_BYTES = 16 * 1024;
/** A frame this big is no mistake: its socket is closed. Between the two it is only refused. */
export const FRAME_ABSURD_BYTES = 1024 * 1024;
export const SIGNAL_MAX_BYTES = 64 * 1024;

/** Messages in one page of history, in one bounded answer to `hello`, and the most a single ask may have. */
export const PAGE_SIZE = 50;
export const SYNC_PAGE = 100;
export const PAGE_MAX = 200;
/** Somebody further behind than this gets the newest page instead of everything in between. */
export const SYNC_MAX_BEHIND = 500;

/** The flood bucket of one socket: so many sends at once, refilled at so many a second. Configuration may change both. */
export const FLOOD_BURST = 100;
export const FLOOD_REFILL = 10;
/** Refusals in a row for flooding, after which the socket is closed. */
export const FLOOD_PATIENCE = 50;

/** So many steps of a read mark are known with their times: more than one only matters when messages were taken back. */
export const STEPS_MAX = 8;

/** P1: a hint is sent again only after so long, and counts for no longer than this. */
export const TYPING_EVERY = 3_000;
export const TYPING_LASTS = 6_000;

/** P4: somebody who leaves a conversation is shown there for so long, in case they only load the page anew. */
export const HERE_LINGERS = 3_000;

/** How long a hole in the numbers may be only a late frame before the client asks for what is missing (M5). */
export const HOLE_PATIENCE = 500;
