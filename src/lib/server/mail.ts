import type { Config } from './config.ts';

export interface Mail {
	to: string;
	subject: string;
	text: string;
}

/** What this needs of Cloudflare's `send_email` binding. */
export interface EmailBinding {
	send(mail: Mail & { from: string }): Promise<unknown>;
}

/**
 * How mail goes out: by the binding, from MAIL_FROM. Where either is missing, as on one's own machine, it is printed instead, in full:
 * the log is the mailbox there.
 */
export function mailer(
	config: Pick<Config, 'mailFrom'>,
	binding: EmailBinding | undefined,
	print: (text: string) => void = console.error,
): (mail: Mail) => Promise<void> {
	return async (mail) => {
		if (binding && config.mailFrom) await binding.send({ ...mail, from: config.mailFrom });
		else print(`\nMail to ${mail.to}: ${mail.subject}\n\n${mail.text.replace(/^/gm, '  ')}\n`);
	};
}
