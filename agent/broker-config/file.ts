/** A file that a broker is to be given. */
export interface BrokerConfigFile {
  part: "configuration" | "acl";
  /** As its broker calls it. */
  name: string;
  text: string;
}
