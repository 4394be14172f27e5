-- compatible-from: 1
ALTER TABLE "commit_intent" ADD COLUMN "look_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "commit_intent" ADD COLUMN "reason" text;--> statement-breakpoint
CREATE INDEX "commit_intent_doubtful" ON "commit_intent" USING btree ("connection_id","look_at") WHERE "commit_intent"."state" = 'unknown';