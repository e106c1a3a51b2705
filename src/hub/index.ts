export interface HubProgress { readonly file: string; readonly loadedBytes: number; readonly totalBytes: number }
export function isHubId(text: string): boolean { return /^[\w.-]+\/[\w.-]+$/.test(text); }
export function resolveFromHub(id: string, _options: object): Promise<{ folder: string }> { return Promise.reject(new Error(id)); }
