/** What a component needs to know about a person. */
export interface PersonFace {
	id: string;
	name: string;
	username: string;
	about?: string;
	/** The version of their photo. */
	avatar?: string | null;
}
