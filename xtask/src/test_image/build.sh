#!/bin/bash
# build.sh GUEST KERNEL OUT: makes a disk image that boots by itself. GUEST holds the files beside
# this one, KERNEL an unpacked kernel package. Needs no root.
set -euo pipefail
guest=$1 kernel=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(basename "$kernel"/lib/modules/*)
root=$work/root initrd=$work/initrd tree=$work/tree
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc/dropbear,etc/acpi/PWRF,root/.ssh,proc,sys,dev,run,tmp} \
    "$root"/{var/log,var/lib,boot,mnt,lib64} "$initrd"/{bin,sbin,dev,proc,sys,newroot}

# Programs.
busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
cp "$busybox" "$initrd/bin/busybox"
ln -s ../run "$root/var/run"
ln -s /bin/busybox "$root/sbin/init"
for applet in $("$busybox" --list-full); do
    case $applet in bin/busybox | sbin/init) continue ;; esac
    mkdir -p "$root/$(dirname "$applet")"
    ln -s /bin/busybox "$root/$applet"
done
for program in /usr/sbin/dropbear /usr/sbin/resize2fs; do
    rm -f "$root$program"
    cp -L "$program" "$root$program"
    for library in $(ldd "$program" | grep -o '/lib[^ ]*'); do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
done

# Modules of the kernel, with those that they need.
mkdir -p "$tree/lib"
cp -r "$kernel/lib/modules" "$tree/lib/"
"$busybox" depmod -b "$tree" "$version"
modules() {
    local to=$1/lib/modules/$version from=$tree/lib/modules/$version
    shift
    mkdir -p "$to"
    for module; do
        file=$(cd "$from" && find . -name "$module.ko*" -printf '%P\n' | head -n 1)
        [ -n "$file" ] || continue
        for each in $file $(sed -n "s#^$file: ##p" "$from/modules.dep"); do
            mkdir -p "$to/$(dirname "$each")"
            cp -n "$from/$each" "$to/$each"
        done
    done
    cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
    "$busybox" depmod -b "${to%/lib/modules/*}" "$version"
}
modules "$root" virtio_net virtio_rng virtio_pci virtio_blk button evdev vfat \
    nls_iso8859-1 nls_cp437 nls_ascii
modules "$initrd" virtio_pci virtio_blk

# What is ours.
install -m 755 "$guest/init" "$initrd/init"
install -m 644 "$guest/inittab" "$root/etc/inittab"
install -m 755 "$guest/rc" "$root/etc/rc"
install -m 755 "$guest/seed" "$guest/leased" "$root/usr/sbin/"
printf '#!/bin/sh\n/sbin/poweroff\n' >"$root/etc/acpi/PWRF/00000080"
chmod 755 "$root/etc/acpi/PWRF/00000080"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
chmod 600 "$root/etc/shadow"
echo /bin/sh >"$root/etc/shells"
chmod 700 "$root/root" "$root/root/.ssh"
mkdir -p "$root/boot/grub"
cp "$guest/grub.cfg" "$root/boot/grub/grub.cfg"
cp "$kernel/boot/vmlinuz-$version" "$root/boot/vmlinuz"
(cd "$initrd" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -9) >"$root/boot/initrd"

# A disk: boot record, boot loader in the gap, one partition from sector 2048 on. The journal keeps
# the file system sound when the machine is killed.
megabytes=64
mke2fs -q -t ext4 -J size=4 -E root_owner=0:0 -L root -d "$root" "$work/partition" ${megabytes}M
grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o "$work/core" \
    biosdisk part_msdos ext2 normal configfile linux minicmd
disk=$work/disk
truncate -s $((1 + megabytes))M "$disk"
put() { dd of="$disk" bs="$1" seek="$2" conv=notrunc status=none; }
little_endian() {
    printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))"
    printf "\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 24 & 255)))"
}
head -c 440 /usr/lib/grub/i386-pc/boot.img | put 1 0
put 512 1 <"$work/core"
{
    printf '\x80\x20\x21\x00\x83\xfe\xff\xff'
    little_endian 2048
    little_endian $((megabytes * 2048))
} | put 1 446
printf '\x55\xaa' | put 1 510
dd if="$work/partition" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
qemu-img convert -O qcow2 -c "$disk" "$out"
