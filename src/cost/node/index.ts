export {
  loadProfile,
  prepareProfileFolder,
  profileKey,
  profilePath,
  saveProfile,
  type CacheOptions,
  type LoadedProfile,
  type ProfileKey,
} from "./profile-cache.ts";
