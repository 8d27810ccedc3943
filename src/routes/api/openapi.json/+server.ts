import { json } from '@sveltejs/kit';
import { openapi } from '#lib/api/openapi.ts';

// A file made while building: describing the API costs the running Worker nothing.
export const prerender = true;

export const GET = () => json(openapi());
