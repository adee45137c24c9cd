; First sector of the marked disk: prints the second sector on COM1 and stops.
; The partition table behind it is written by `build`.
bits 16
org 0x7c00

    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    mov ah, 0x42            ; extended read, of the sector that holds the text
    mov si, packet          ; dl still names the disk that the firmware booted
    int 0x13
    jc halt
    mov si, 0x7e00
next:
    lodsb
    test al, al
    jz halt
    mov cl, al
    mov dx, 0x3fd           ; line status: bit 5 is set when the next octet may be sent
wait_ready:
    in al, dx
    test al, 0x20
    jz wait_ready
    mov dx, 0x3f8
    mov al, cl
    out dx, al
    jmp next
halt:
    hlt
    jmp halt

align 4
packet:
    db 16, 0
    dw 1                    ; one sector
    dw 0x7e00, 0            ; offset, segment
    dq 1                    ; from sector 1

times 440 - ($ - $$) db 0
