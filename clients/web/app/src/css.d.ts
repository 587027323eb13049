/** Style sheets are files that the build links to. */
declare module "*.css";
