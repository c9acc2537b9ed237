import type { ConfigurationInput } from "../../device/ports/configuration-store.ts";
import type { VaultInput } from "../../device/ports/vault.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";

type Post<I> = (input: I) => void;

/** Takes everybody's word for the owner's. */
export const trustsEverybody: Tamper = (ports) => {
  let post: Post<VaultInput> = () => undefined;
  return {
    ...ports,
    vault: {
      start(to) {
        post = to;
      },
      verify(request, jws) {
        const payload = Buffer.from(jws.split(".")[1] ?? "", "base64url").toString();
        const occurredAt = ports.clock.monotonicMs();
        ports.timers.soon(() => post({ type: "vault.verified", occurredAt, request, payload }));
      },
      stop: () => ports.vault.stop(),
    },
  };
};

/** Takes every configuration for a right one. */
export const checksNothing: Tamper = (ports) => {
  let post: Post<ConfigurationInput> = () => undefined;
  return {
    ...ports,
    configuration: {
      start(to) {
        post = to;
        ports.configuration.start(to);
      },
      check(request) {
        const occurredAt = ports.clock.monotonicMs();
        ports.timers.soon(() => post({ type: "configuration.checked", occurredAt, request, problems: [] }));
      },
      save: (record) => ports.configuration.save(record),
      stop: () => ports.configuration.stop(),
    },
  };
};
