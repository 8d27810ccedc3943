import { problem } from '../problem.ts';

/** Whatever is no operation, in the form that clients of the API expect. */
export const fallback = () => problem(404, 'unknown_address', 'There is nothing at this address.');
