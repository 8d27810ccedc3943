export const kv = { summaries: new Map<string, unknown>(), delivered: [] as string[] };
