/** A container's image, as formats name it. */
export interface ImageName {
  /** With its registry, without tag and digest. */
  readonly name: string;
  readonly tag: string | undefined;
}

/** "registry:5000/team/app:1.2@sha256:…" is "registry:5000/team/app" and "1.2". */
export function imageName(image: string): ImageName {
  const [reference = ""] = image.split("@", 1);
  const colon = reference.lastIndexOf(":");
  if (colon <= reference.lastIndexOf("/")) return { name: reference, tag: undefined };
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
