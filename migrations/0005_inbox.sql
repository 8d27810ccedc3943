CREATE TABLE "messages" (
	"room" text NOT NULL,
	"seq" bigint NOT NULL,
	"id" text NOT NULL,
	"speaker" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"revision" bigint NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "messages_room_seq_pk" PRIMARY KEY("room","seq")
);
--> statement-breakpoint
CREATE TABLE "mutes" (
	"person_id" text NOT NULL,
	"room" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mutes_person_id_room_pk" PRIMARY KEY("person_id","room")
);
--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "last_active_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_room_friendships_room_fk" FOREIGN KEY ("room") REFERENCES "public"."friendships"("room") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mutes" ADD CONSTRAINT "mutes_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mutes" ADD CONSTRAINT "mutes_room_friendships_room_fk" FOREIGN KEY ("room") REFERENCES "public"."friendships"("room") ON DELETE cascade ON UPDATE no action;