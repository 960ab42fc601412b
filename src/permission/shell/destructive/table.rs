//! What is known to destroy, as data: [`super`] says how a row is matched.

/// A reason, and the programs and words that together deserve it. `-f` also matches inside `-xdf`; a long
/// flag also matches its abbreviations and what extends it; `*` stands for the rest of a word.
#[rustfmt::skip]
pub(super) const TABLE: &[(&str, &[&str])] = &[
    ("runs as another user", &["sudo", "doas", "su", "pkexec", "runuser"]),
    ("ends programs by name", &["killall", "pkill"]),
    ("changes accounts", &[
        "passwd", "chpasswd", "userdel", "usermod", "useradd", "groupdel", "visudo", "dropuser",
    ]),
    ("changes scheduled jobs", &["crontab"]),
    ("schedules a job", &["at"]),
    ("stops a service", &[
        "systemctl stop", "systemctl disable", "systemctl mask", "service stop", "launchctl unload",
        "launchctl remove",
    ]),
    ("changes the firewall", &["iptables", "ip6tables", "nft", "ufw"]),
    ("changes the kernel", &["insmod", "rmmod", "modprobe", "sysctl -w"]),
    ("changes mounts", &["mount", "umount", "swapoff"]),
    ("destroys files", &["shred", "srm"]),
    ("deletes folders", &["rimraf"]),
    ("overwrites its output", &["dd"]),
    ("deletes every file it finds", &["find -delete", "fd -delete"]),
    ("empties files", &["truncate"]),
    ("makes a file system", &["mkfs*", "mke2fs", "mkswap"]),
    ("erases a disk", &["wipefs", "blkdiscard", "diskutil erase*", "diskutil partition*"]),
    ("changes partitions", &["fdisk", "sfdisk", "gdisk", "sgdisk", "parted"]),
    ("changes a disk", &["hdparm", "cryptsetup"]),
    ("removes volumes", &[
        "lvremove", "vgremove", "pvremove", "zpool destroy", "zfs destroy", "btrfs delete",
        "mdadm --zero-superblock",
    ]),
    ("deletes files at the target", &[
        "rsync --del", "rsync --delete", "rclone purge", "rclone sync", "rclone delete",
    ]),
    ("empties the trash", &["trash-empty"]),
    ("clears the history", &["history -c"]),
    ("deletes keys", &["gpg --delete*", "gpg --delete-secret-keys", "security delete*"]),
    ("throws away uncommitted work", &[
        "git reset --hard", "git reset --merge", "git checkout .", "git checkout --", "git checkout -f",
        "git checkout --force", "git switch -f", "git switch --discard-changes", "git restore",
        "git rm -f", "svn revert",
    ]),
    ("deletes untracked files", &["git clean -f", "git clean --force", "hg purge"]),
    ("rewrites a remote branch", &["git push -f", "git push --force", "git push +*"]),
    ("rewrites a remote", &["git push --mirror"]),
    ("deletes a remote branch", &["git push --delete", "git push -d", "git push :*"]),
    ("deletes remote branches", &["git push --prune"]),
    ("deletes a branch", &["git branch -D", "git branch -d", "git branch --delete"]),
    ("deletes a tag", &["git tag -d", "git tag --delete"]),
    ("deletes stashed work", &["git stash drop", "git stash clear"]),
    ("deletes history", &[
        "git reflog expire", "git reflog delete", "git gc --prune", "git prune", "hg strip", "jj abandon",
    ]),
    ("rewrites history", &["git filter-branch", "git filter-repo"]),
    ("deletes a reference", &["git update-ref -d"]),
    ("deletes a working tree", &["git worktree remove", "git worktree prune"]),
    ("changes what git runs", &["git config"]),
    ("deletes a submodule", &["git submodule deinit"]),
    ("deletes containers, images or volumes", &[
        "docker prune", "docker rm", "docker rmi", "podman prune", "podman rm", "podman rmi",
    ]),
    ("deletes volumes", &["docker down -v", "docker down --volumes", "docker-compose down -v"]),
    ("deletes cluster resources", &["kubectl delete", "kubectl replace --force"]),
    ("empties a node", &["kubectl drain"]),
    ("removes a release", &["helm uninstall", "helm delete"]),
    ("destroys infrastructure", &["terraform destroy", "tofu destroy", "pulumi destroy", "cdk destroy"]),
    ("changes infrastructure", &["terraform apply", "tofu apply"]),
    ("forgets infrastructure", &["terraform state rm"]),
    ("deletes cloud resources", &[
        "aws rm", "aws rb", "aws sync --delete", "aws delete-*", "aws terminate-*", "gcloud delete",
        "gsutil rm", "gsutil rb", "az delete", "az purge", "doctl delete",
    ]),
    ("deletes an application", &[
        "heroku *:destroy", "flyctl destroy", "fly destroy", "vercel rm", "vercel remove",
    ]),
    ("deletes on the forge", &["gh delete", "glab delete"]),
    ("deletes secrets", &["vault delete", "vault kv destroy"]),
    ("publishes a package", &[
        "npm publish", "pnpm publish", "yarn publish", "cargo publish", "twine upload", "gem push",
    ]),
    ("removes a published package", &["npm unpublish", "cargo yank", "gem yank"]),
    ("deletes a database", &["dropdb", "mysqladmin drop", "rails db:drop", "rake db:drop", "dotnet drop"]),
    ("empties a database", &[
        "redis-cli flush*", "prisma reset", "prisma --force-reset", "rails db:reset", "rake db:reset",
        "artisan migrate:fresh", "artisan db:wipe", "php migrate:fresh", "php db:wipe",
        "php migrate:reset", "manage.py flush", "python flush", "python3 flush", "supabase reset",
    ]),
    ("removes packages", &[
        "apt remove", "apt purge", "apt autoremove", "apt-get remove", "apt-get purge",
        "apt-get autoremove", "dpkg -r", "dpkg -P", "dnf remove", "yum remove", "pacman -R",
        "brew uninstall",
    ]),
];

/// Phrases inside one word (SQL or code given on the command line), in lower case.
#[rustfmt::skip]
pub(super) const PHRASES: &[(&str, &[&str])] = &[
    ("deletes a database", &["drop database", "drop schema", "dropdatabase("]),
    ("deletes a table", &["drop table"]),
    ("empties a table", &["truncate table"]),
    ("deletes rows", &["delete from"]),
    ("deletes a collection", &[".drop()"]),
    ("empties a database", &["flushall", "flushdb"]),
    ("deletes folders", &["rmtree(", "rmsync(", "rm_rf", "remove_tree("]),
    ("deletes files", &["os.remove(", "os.unlink(", "unlinksync("]),
    ("opens a network connection", &["/dev/tcp/", "/dev/udp/"]),
];

/// Folders of build output, which a tool makes again.
#[rustfmt::skip]
pub(super) const REBUILDABLE: &[&str] = &[
    "target", "node_modules", "dist", "build", "out", "coverage", ".venv", "venv", "__pycache__", ".next",
    ".nuxt", ".turbo", ".parcel-cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".gradle",
    ".cache", "tmp",
];

/// Folders at the root whose loss is the loss of the system.
#[rustfmt::skip]
pub(super) const SYSTEM: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "opt", "proc", "root", "run", "sbin",
    "srv", "sys", "usr", "var", "mnt", "media", "users", "system", "library", "applications", "volumes",
];

/// Names under `/dev` that are disks or memory.
#[rustfmt::skip]
pub(super) const DEVICES: &[&str] = &[
    "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper", "dm-", "md", "loop", "mem",
    "kmem", "port", "nbd",
];

/// Programs that turn the machine off, with any words.
#[rustfmt::skip]
pub(super) const POWER: &[&str] = &[
    "shutdown", "reboot", "halt", "poweroff",
];

#[rustfmt::skip]
pub(super) const POWER_UNITS: &[&str] = &[
    "poweroff", "reboot", "halt", "kexec", "suspend", "hibernate", "emergency", "rescue", "soft-reboot",
];
