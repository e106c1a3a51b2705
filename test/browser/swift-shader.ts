/** Chromium takes no graphics processor in software unless it is told to. */
export const onSwiftShader = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
