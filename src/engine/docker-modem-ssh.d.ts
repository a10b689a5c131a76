/** docker-modem's agent for ssh, which its types leave out. */
declare module "docker-modem/lib/ssh.js" {
  interface SshAgent {
    createConnection(
      options: object,
      /** An error may come later, too. */
      callback: (error: unknown, channel?: unknown) => void,
    ): void;
  }
  /** Takes what ssh2's `connect` takes. */
  export default function sshAgent(config: object): SshAgent;
}
