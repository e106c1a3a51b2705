/** The class that a parsed config.json names: diffusers' `_class_name`, or the first of transformers' `architectures`. */
export function classNameOf(json: object): unknown {
  if ("_class_name" in json) return json._class_name;
  if (!("architectures" in json) || !Array.isArray(json.architectures)) return undefined;
  return (json.architectures as unknown[])[0];
}
